"""Measures an emotion classifier on FER-2013, and on what FER+ saw in the same pictures."""

from dataclasses import dataclass
from typing import Any, Final, Protocol

import cv2
import numpy as np
from sklearn import metrics

from edge_agent.emotions import EMOTIONS
from training import ferplus
from training.fer2013 import FaceSet
from training.statistics import Share

FACE_SIZES: Final = (48, 32, 24, 16)
"""Sides in pixels to which faces are shrunk and enlarged again."""


class Classifier(Protocol):
    """Whatever gives calibrated probabilities, (N, 48, 48) uint8 → (N, 7)."""

    def predict(self, faces_gray: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True)
class LabelFigures:
    """How well one emotion is told, 0..1 each; `support` is its number of pictures."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Bin:
    """The answers of one range of confidence: their number, mean confidence and share right."""

    number: int
    confidence: float
    right: float


@dataclass(frozen=True, eq=False)
class ClassifierReport:
    """What was measured.

    Attributes:
        right: share of right answers.
        by_label: by emotion.
        confusion: (7, 7) numbers of pictures, true label by row.
        reliability: 15 ranges of confidence, those without an answer left out.
        by_size: share of right answers by side in pixels, down to which the faces were shrunk.
        ferplus: right by the majority of FER+'s taggers, among their 8 emotions; contempt, which
            the networks do not know, is never right. None where there are no votes.
        ferplus_7: the same without the pictures of contempt.
        agreed: right where FER-2013's label and that majority are the same.
    """

    right: Share
    by_label: dict[str, LabelFigures]
    confusion: np.ndarray
    reliability: tuple[Bin, ...]
    by_size: dict[int, Share]
    ferplus: Share | None = None
    ferplus_7: Share | None = None
    agreed: Share | None = None

    @property
    def macro_f1(self) -> float:
        """Mean F1 of the seven labels."""
        return float(np.mean([label.f1 for label in self.by_label.values()]))

    @property
    def calibration_error(self) -> float:
        """Expected calibration error in 15 bins, 0..1."""
        gaps = [abs(each.confidence - each.right) * each.number for each in self.reliability]
        return float(sum(gaps) / self.right.total)

    def summary(self) -> dict[str, Any]:
        """Rounded figures for a model card."""
        labels = self.by_label.items()
        result = {
            "pictures": self.right.total,
            "accuracy": round(self.right.value, 4),
            "interval_95": [round(bound, 4) for bound in self.right.interval],
            "macro_f1": round(self.macro_f1, 4),
            "precision": {label: round(figures.precision, 3) for label, figures in labels},
            "recall": {label: round(figures.recall, 3) for label, figures in labels},
            "f1": {label: round(figures.f1, 3) for label, figures in labels},
            "confusion": self.confusion.tolist(),
            "expected_calibration_error": round(self.calibration_error, 4),
            "accuracy_by_face_pixels": {
                str(size): round(share.value, 4) for size, share in self.by_size.items()
            },
        }
        for name, share in (
            ("ferplus_8", self.ferplus),
            ("ferplus_7", self.ferplus_7),
            ("ferplus_and_label_agree", self.agreed),
        ):
            if share is not None:
                result[name] = {
                    "pictures": share.total,
                    "accuracy": round(share.value, 4),
                    "interval_95": [round(bound, 4) for bound in share.interval],
                }
        return result

    def markdown(self) -> str:
        """Tables for people."""
        lines = [
            f"{self.right.total} pictures: {self.right} right, macro F1 {self.macro_f1:.3f}, "
            f"expected calibration error {self.calibration_error:.2%}",
            "",
            "| emotion | precision | recall | F1 | pictures |",
            "|---|---:|---:|---:|---:|",
        ]
        for label, figures in self.by_label.items():
            lines.append(
                f"| {label} | {figures.precision:.1%} | {figures.recall:.1%} "
                f"| {figures.f1:.3f} | {figures.support} |"
            )
        lines += ["", "| face shrunk to | right |", "|---|---|"]
        lines += [f"| {size} px | {share} |" for size, share in self.by_size.items()]
        if self.ferplus and self.ferplus_7 and self.agreed:
            lines += ["", "| FER+, by majority | right | pictures |", "|---|---|---:|"]
            for name, share in (
                ("8 emotions, contempt never right", self.ferplus),
                ("7 emotions, without contempt", self.ferplus_7),
                ("where FER-2013's label agrees", self.agreed),
            ):
                lines.append(f"| {name} | {share} | {share.total} |")
        return "\n".join(lines)


def evaluate(
    classifier: Classifier, faces: FaceSet, votes: np.ndarray | None = None
) -> ClassifierReport:
    """Runs the classifier over a split.

    Args:
        classifier: with calibrated probabilities.
        faces: the split.
        votes: FER+'s of these faces, as `ferplus.read_votes` gives them.
    """
    probabilities = classifier.predict(faces.faces_gray)
    answers = probabilities.argmax(axis=1)
    right = answers == faces.labels
    by_size = {FACE_SIZES[0]: Share.of(right)}
    for size in FACE_SIZES[1:]:
        small = classifier.predict(shrunk(faces.faces_gray, size)).argmax(axis=1)
        by_size[size] = Share.of(small == faces.labels)
    shares: list[Share | None] = [None, None, None]
    if votes is not None:
        seen = ferplus.majority(votes)
        shares = [
            Share.of((answers == seen)[chosen])
            for chosen in (
                seen >= 0,
                (seen >= 0) & (seen != ferplus.CONTEMPT),
                seen == faces.labels,
            )
        ]
    return ClassifierReport(
        right=Share.of(right),
        by_label=by_label(faces.labels, answers),
        confusion=metrics.confusion_matrix(faces.labels, answers, labels=range(len(EMOTIONS))),
        reliability=reliability(probabilities.max(axis=1), right),
        by_size=by_size,
        ferplus=shares[0],
        ferplus_7=shares[1],
        agreed=shares[2],
    )


def by_label(labels: np.ndarray, answers: np.ndarray) -> dict[str, LabelFigures]:
    """Precision, recall, F1 and support of each emotion, 0 where there is none; (N,) indices."""
    figures = metrics.precision_recall_fscore_support(
        labels, answers, labels=range(len(EMOTIONS)), zero_division=0
    )
    columns = (column.tolist() for column in figures)
    return {
        label: LabelFigures(*row)
        for label, row in zip(EMOTIONS, zip(*columns, strict=True), strict=True)
    }


def shrunk(faces_gray: np.ndarray, size: int) -> np.ndarray:
    """(N, 48, 48) uint8 faces as they would be had the camera seen them `size` pixels wide."""
    result = np.empty_like(faces_gray)
    for index, face in enumerate(faces_gray):
        small = cv2.resize(face, (size, size), interpolation=cv2.INTER_AREA)
        cv2.resize(small, face.shape[::-1], dst=result[index], interpolation=cv2.INTER_LINEAR)
    return result


def reliability(confidences: np.ndarray, right: np.ndarray, bins: int = 15) -> tuple[Bin, ...]:
    """How often answers of each confidence are right.

    After Guo et al., "On Calibration of Modern Neural Networks", 2017.

    Args:
        confidences: (N,) the probability of each answer, 0..1.
        right: (N,) bool.
        bins: of equal width.
    """
    which = np.minimum((confidences * bins).astype(int), bins - 1)
    return tuple(
        Bin(
            int((which == index).sum()),
            float(confidences[which == index].mean()),
            float(right[which == index].mean()),
        )
        for index in np.unique(which)
    )


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature at which (N, 7) logits are most probable, given (N,) labels.

    Fit it on PublicTest, never on pictures that are reported on.
    """

    def loss(temperature: float) -> float:
        scaled = logits / temperature
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        log_sum = np.log(np.exp(scaled).sum(axis=1))
        return float((log_sum - scaled[np.arange(len(labels)), labels]).mean())

    candidates: list[float] = np.geomspace(0.25, 4.0, 401).tolist()
    best = min(candidates, key=loss)
    return round(best, 3)
