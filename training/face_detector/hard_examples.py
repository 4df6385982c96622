"""What a detector gets wrong in its training pictures, for crops around it (hard examples).

Decoys are what it takes for a face where no box tells of one: hands, wheels and emblems are rare
in crops of a random place, and crops around a face leave most of them out; a detector learns them
the better the more often it sees them (after Sung and Poggio, "Example-based learning for
view-based human face detection", 1998). Overlooked faces are those that it is least sure of.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from keras import ops
from tqdm import tqdm

from edge_agent.boxes import iou_matrix, non_maximum_suppression
from edge_agent.face_detector import Faces
from edge_agent.preprocess import Letterbox
from training.face_detector.assignment import cells
from training.face_detector.groups import Demographics, found_scores
from training.face_detector.loss import decode, flatten
from training.fer2013 import DatasetError
from training.wider_face import LabelledPicture

_LEAST_SCORE: Final = 0.2
_MOST_OVERLAP: Final = 0.1
"""IoU with a face from which on a box is that face, found badly."""
_NMS_IOU: Final = 0.45
_SMALLEST_OVERLOOKED: Final = 24.0
"""Height in pixels, where it was looked for: lower faces are hard for their size alone."""


@dataclass(frozen=True)
class OverlookedFaces:
    """Faces to take crops around, the more often the less sure the detector was of them.

    Attributes:
        pictures: (N,) int, the number of each one's picture.
        boxes_xyxy: (N, 4) float32 in pixels of that picture.
        shares: (N,) float64, how often each is drawn; their sum is 1.
    """

    pictures: np.ndarray
    boxes_xyxy: np.ndarray
    shares: np.ndarray

    def draw(self, random: np.random.Generator) -> tuple[int, np.ndarray]:
        """The number of a picture, and a (4,) box in it."""
        one = int(random.choice(len(self.shares), p=self.shares))
        return int(self.pictures[one]), self.boxes_xyxy[one]


def look(network: Any, pictures: Sequence[LabelledPicture], *, size: int) -> list[Faces]:
    """What a network finds in training pictures, with a progress bar.

    Args:
        network: as `training.face_detector.network.face_detector` builds it.
        pictures: of any size.
        size: side in pixels of the square that each is fitted into.

    Returns:
        By picture, boxes in its pixels, the surest first, down to a score of 0.2.
    """
    letterbox = Letterbox((size, size))
    centres, strides = cells((size, size))
    result = []
    for picture in tqdm(pictures, desc="hard examples", unit="picture"):
        pixels, scale = letterbox.fit(picture.image_bgr)
        outputs = network.predict_on_batch(pixels)
        scores = ops.convert_to_numpy(
            ops.sqrt(
                ops.sigmoid(flatten(outputs, "class")) * ops.sigmoid(flatten(outputs, "objectness"))
            )
        )[0, :, 0]
        boxes = ops.convert_to_numpy(decode(flatten(outputs, "box"), centres, strides))[0]
        found = scores >= _LEAST_SCORE
        boxes, scores = boxes[found].astype(np.float32) / scale, scores[found]
        kept = non_maximum_suppression(boxes, scores, iou_threshold=_NMS_IOU)
        result.append(Faces(boxes[kept], scores[kept]))
    return result


def decoys(found: Sequence[Faces], pictures: Sequence[LabelledPicture]) -> list[np.ndarray]:
    """By picture, (D, 4) float32 boxes of what was found and no box tells of, the surest first.

    Args:
        found: as `look` gives it.
        pictures: in the same order, with all their faces, also those that are ignored.
    """
    return [
        faces.boxes_xyxy[
            iou_matrix(faces.boxes_xyxy, picture.boxes_xyxy).max(axis=1, initial=0) < _MOST_OVERLAP
        ]
        for faces, picture in zip(found, pictures, strict=True)
    ]


def overlooked(
    found: Sequence[Faces],
    pictures: Sequence[LabelledPicture],
    *,
    size: int,
    groups: Mapping[str, Sequence[str]] | None = None,
    demographics: Demographics | None = None,
) -> OverlookedFaces:
    """The faces of 24 pixels and more, each drawn by how much its score lacks to 1.

    Args:
        found: as `look` gives it.
        pictures: in the same order.
        size: at which they were looked at.
        groups: column of `demographics` → its values; only faces of people with one of these are
            drawn. None for all faces.
        demographics: as `training.face_detector.groups.read_demographics` gives it.

    Raises:
        DatasetError: when there is no such face.
    """
    numbers, boxes, lacks = [], [], []
    scores = found_scores(found, pictures)
    for number, (picture, by_face) in enumerate(zip(pictures, scores, strict=True)):
        scale = size / max(picture.image_bgr.shape[:2])
        heights = (picture.boxes_xyxy[:, 3] - picture.boxes_xyxy[:, 1]) * scale
        for index in np.flatnonzero(~picture.ignored & (heights >= _SMALLEST_OVERLOOKED)).tolist():
            person = (demographics or {}).get((picture.name, index), {})
            if groups and not any(person.get(key) in values for key, values in groups.items()):
                continue
            numbers.append(number)
            boxes.append(picture.boxes_xyxy[index])
            lacks.append(1.0 - max(float(by_face[index]), 0.0))
    if not sum(lacks):
        raise DatasetError(
            "expected faces to take more crops around, of "
            f"{dict(groups) if groups else 'any group'}, in the training pictures; got none"
        )
    shares = np.array(lacks) / sum(lacks)
    return OverlookedFaces(np.array(numbers), np.array(boxes, np.float32), shares)
