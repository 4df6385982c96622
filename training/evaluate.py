"""Measures an emotion classifier, as the agent runs it, on FER-2013."""

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np

from edge_agent.emotion_classifier import EmotionClassifier
from edge_agent.emotions import EMOTIONS
from training.fer2013 import FaceSet
from training.statistics import wilson_interval

FACE_SIZES: Final = (48, 32, 24, 16)
"""Sides in pixels to which faces are shrunk and enlarged again."""


@dataclass(frozen=True, eq=False)
class ClassifierReport:
    """What was measured.

    Attributes:
        number: of pictures.
        accuracy: share of right answers, 0..1.
        interval: its 95 % interval.
        macro_f1: mean F1 of the seven labels.
        recall: by label.
        confusion: (7, 7) numbers of pictures, true label by row.
        calibration_error: expected calibration error in 15 bins, 0..1.
        accuracy_by_size: by side in pixels, down to which the faces were shrunk.
    """

    number: int
    accuracy: float
    interval: tuple[float, float]
    macro_f1: float
    recall: dict[str, float]
    confusion: np.ndarray
    calibration_error: float
    accuracy_by_size: dict[int, float]

    def summary(self) -> dict[str, Any]:
        """Rounded figures for a model card."""
        return {
            "pictures": self.number,
            "accuracy": round(self.accuracy, 4),
            "interval_95": [round(bound, 4) for bound in self.interval],
            "macro_f1": round(self.macro_f1, 4),
            "recall": {label: round(value, 3) for label, value in self.recall.items()},
            "confusion": self.confusion.tolist(),
            "expected_calibration_error": round(self.calibration_error, 4),
            "accuracy_by_face_pixels": {
                str(size): round(value, 4) for size, value in self.accuracy_by_size.items()
            },
        }

    def markdown(self) -> str:
        """A table for people."""
        low, high = self.interval
        lines = [
            f"{self.number} pictures: {self.accuracy:.2%} right "
            f"(95 % interval {low:.2%} to {high:.2%}), macro F1 {self.macro_f1:.3f}, "
            f"expected calibration error {self.calibration_error:.2%}",
            "",
            "| emotion | recall | pictures |",
            "|---|---|---|",
        ]
        for index, label in enumerate(EMOTIONS):
            number = self.confusion[index].sum()
            lines.append(f"| {label} | {self.recall[label]:.1%} | {number} |")
        lines += ["", "| face shrunk to | right |", "|---|---|"]
        lines += [f"| {size} px | {share:.2%} |" for size, share in self.accuracy_by_size.items()]
        return "\n".join(lines)


def evaluate(classifier: EmotionClassifier, faces: FaceSet) -> ClassifierReport:
    """Runs the classifier over a split."""
    probabilities = classifier.predict(faces.faces_gray)
    answers = probabilities.argmax(axis=1)
    right = answers == faces.labels
    confusion = np.zeros((len(EMOTIONS), len(EMOTIONS)), int)
    np.add.at(confusion, (faces.labels, answers), 1)
    hits = np.diag(confusion)
    by_size = {FACE_SIZES[0]: float(right.mean())}
    for size in FACE_SIZES[1:]:
        small = classifier.predict(shrunk(faces.faces_gray, size)).argmax(axis=1)
        by_size[size] = float((small == faces.labels).mean())
    return ClassifierReport(
        number=len(right),
        accuracy=float(right.mean()),
        interval=wilson_interval(int(right.sum()), len(right)),
        macro_f1=float(
            np.mean(2 * hits / np.maximum(confusion.sum(axis=0) + confusion.sum(axis=1), 1))
        ),
        recall=dict(
            zip(EMOTIONS, (hits / np.maximum(confusion.sum(axis=1), 1)).tolist(), strict=True)
        ),
        confusion=confusion,
        calibration_error=calibration_error(probabilities.max(axis=1), right),
        accuracy_by_size=by_size,
    )


def shrunk(faces_gray: np.ndarray, size: int) -> np.ndarray:
    """(N, 48, 48) uint8 faces as they would be had the camera seen them `size` pixels wide."""
    result = np.empty_like(faces_gray)
    for index, face in enumerate(faces_gray):
        small = cv2.resize(face, (size, size), interpolation=cv2.INTER_AREA)
        cv2.resize(small, face.shape[::-1], dst=result[index], interpolation=cv2.INTER_LINEAR)
    return result


def calibration_error(confidences: np.ndarray, right: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error, 0..1 (Guo et al., "On Calibration of Modern Networks", 2017).

    Args:
        confidences: (N,) the probability of each answer, 0..1.
        right: (N,) bool.
        bins: of equal width.
    """
    which = np.minimum((confidences * bins).astype(int), bins - 1)
    gaps = [
        abs(confidences[which == index].mean() - right[which == index].mean())
        * (which == index).sum()
        for index in np.unique(which)
    ]
    return float(sum(gaps) / len(right))


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
