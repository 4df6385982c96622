"""How steady a classifier's answers are for faces of other cameras, which have no emotion's label.

A classroom's camera sees a face a little moved and turned in every frame, where FER-2013 shows it
once. Whether an answer is right cannot be told here, but whether it is the same for the same face.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from scipy.stats import bootstrap
from sklearn.metrics import roc_auc_score

from edge_agent.emotions import EMOTIONS
from edge_agent.preprocess import face_crops
from training import wider_face
from training.evaluate import Classifier
from training.statistics import Share
from training.unlabelled import recognisable

LEAST_PIXELS: Final = 20
"""Of the longer side of a face's box; on smaller ones hardly anybody would know an expression."""
SIZES: Final = ((20, 32), (32, 48), (48, None))
"""Ranges of that side that are measured apart: the least, and the first above, in pixels."""
_MOVES: Final = (
    (0.0, 0.0, 1.0),
    *((0.05, 0.0, 1.0), (-0.05, 0.0, 1.0), (0.0, 0.05, 1.0), (0.0, -0.05, 1.0)),
    *((0.0, 0.0, 0.9), (0.0, 0.0, 1.1)),
)
"""Right, down and enlarged, as shares of the box; the first is the face as it is annotated."""
_THREE, _OTHER_THREE = [1, 3, 5], [2, 4, 6]
"""The agent means a person's answers over the crops of a window; here three moves each."""


@dataclass(frozen=True, eq=False)
class OtherFaces:
    """Faces of WIDER FACE's validation pictures.

    Attributes:
        crops: (N, 7, 48, 48) uint8: as annotated, then as six slightly other boxes cut it out.
        sides: (N,) float32, the longer side of each box in pixels.
        exaggerated: (N,) bool; WIDER FACE's annotators called the expression exaggerated.
    """

    crops: np.ndarray
    sides: np.ndarray
    exaggerated: np.ndarray


@dataclass(frozen=True, eq=False)
class Steadiness:
    """What was measured.

    Attributes:
        mirrored: (N,) bool; the face and its mirror image have the same answer.
        moved: (N,) bool; the face has the same answer in all seven crops.
        together: (N,) bool; the mean of three moved crops has the same answer as the other mean.
        sides: (N,) float32, as of the faces.
        told: the probability that a face whose expression is called exaggerated gets less of
            "neutral" than one whose expression is not (the area under the ROC curve), and the 95 %
            interval (bootstrap); None where there are not both.
    """

    mirrored: np.ndarray
    moved: np.ndarray
    together: np.ndarray
    sides: np.ndarray
    told: tuple[float, float, float] | None

    def moved_by_size(self) -> list[Share]:
        """The share that keeps its answer when moved, for each of `SIZES`."""
        return [
            Share.of(self.moved[(self.sides >= least) & (self.sides < (end or np.inf))])
            for least, end in SIZES
        ]


def load(source: Path) -> OtherFaces:
    """Cuts the faces out of WIDER FACE's validation pictures.

    Raises:
        DatasetError: when the source is missing or not in the official format.
    """
    crops: list[np.ndarray] = [np.empty((0, len(_MOVES), 48, 48), np.uint8)]
    sides: list[np.ndarray] = [np.empty(0, np.float32)]
    exaggerated: list[np.ndarray] = [np.empty(0, bool)]
    expression = wider_face.ATTRIBUTES.index("expression")
    for picture in wider_face.load(source, "validation"):
        chosen = recognisable(picture, LEAST_PIXELS)
        boxes = picture.boxes_xyxy[chosen]
        moved = [face_crops(picture.image_bgr, _moved(boxes, *move)) for move in _MOVES]
        crops.append(np.stack(moved, axis=1))
        sides.append((boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0))
        exaggerated.append(picture.attributes[chosen, expression] > 0)
    return OtherFaces(*map(np.concatenate, (crops, sides, exaggerated)))


def measure(classifier: Classifier, faces: OtherFaces) -> Steadiness:
    """Asks for every crop of every face."""
    number, moves = faces.crops.shape[:2]
    probabilities = classifier.predict(faces.crops.reshape(-1, *faces.crops.shape[2:]))
    probabilities = probabilities.reshape(number, moves, len(EMOTIONS))
    answers = probabilities.argmax(axis=2)
    mirrored = classifier.predict(np.ascontiguousarray(faces.crops[:, 0, :, ::-1])).argmax(axis=1)
    means = [probabilities[:, some].mean(axis=1) for some in (_THREE, _OTHER_THREE)]
    expressive = 1 - probabilities[:, 0, EMOTIONS.index("neutral")]
    return Steadiness(
        mirrored=mirrored == answers[:, 0],
        moved=(answers == answers[:, :1]).all(axis=1),
        together=means[0].argmax(axis=1) == means[1].argmax(axis=1),
        sides=faces.sides,
        told=_told(expressive[faces.exaggerated], expressive[~faces.exaggerated]),
    )


def _told(exaggerated: np.ndarray, usual: np.ndarray) -> tuple[float, float, float] | None:
    if min(len(exaggerated), len(usual)) < 2:
        return None

    def area(more: np.ndarray, less: np.ndarray) -> float:
        which = np.repeat([True, False], [len(more), len(less)])
        return float(roc_auc_score(which, np.concatenate([more, less])))

    interval = bootstrap(
        (exaggerated, usual), area, vectorized=False, n_resamples=1000, method="percentile", rng=0
    ).confidence_interval
    return area(exaggerated, usual), float(interval.low), float(interval.high)


def _moved(boxes_xyxy: np.ndarray, right: float, down: float, enlarged: float) -> np.ndarray:
    sides = boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]
    longer = sides.max(axis=1, keepdims=True, initial=0)
    centres = boxes_xyxy[:, :2] + sides / 2 + longer * np.array([right, down], np.float32)
    half = sides * enlarged / 2
    moved: np.ndarray = np.concatenate([centres - half, centres + half], axis=1)
    return moved
