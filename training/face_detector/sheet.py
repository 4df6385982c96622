"""Sheets of what a detector gets wrong, for the engineer's own eyes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge_agent.boxes import iou_matrix
from edge_agent.face_detector import Faces
from training.face_detector.evaluate import ON_NOTHING_IOU
from training.fer2013 import DatasetError
from training.wider_face import LabelledPicture

_REPOSITORY: Final = Path(__file__).parents[2]
_CELL: Final = 160
_COLUMNS, _ROWS = 10, 6
_SURROUNDINGS: Final = 2.5
"""What is shown around a box, in its heights."""
_RED: Final = (0, 0, 255)
_LEAST_HEIGHT: Final = 24.0
"""Of a box on nothing, in pixels: in a smaller one there is nothing to see."""


@dataclass(frozen=True, eq=False)
class Error:
    """A place where a detector is wrong.

    Attributes:
        weight: the greater, the sooner it is shown.
        image_bgr: (H, W, 3) uint8, the whole picture.
        box_xyxy: (4,) in its pixels.
    """

    weight: float
    image_bgr: np.ndarray
    box_xyxy: np.ndarray


def missed_faces(hits: Sequence[np.ndarray], pictures: Sequence[LabelledPicture]) -> list[Error]:
    """The faces that were not found, a large one sooner.

    Args:
        hits: by picture, (N,) bool: which faces were found.
        pictures: in the same order.
    """
    return [
        Error(float(box[3] - box[1]), picture.image_bgr, box)
        for picture, hit in zip(pictures, hits, strict=True)
        for box in picture.boxes_xyxy[~hit & ~picture.ignored]
    ]


def boxes_on_nothing(found: Sequence[Faces], pictures: Sequence[LabelledPicture]) -> list[Error]:
    """What was taken for a face where none is, a sure one sooner.

    Args:
        found: by picture.
        pictures: in the same order.
    """
    return [
        Error(float(score), picture.image_bgr, box)
        for picture, faces in zip(pictures, found, strict=True)
        for box, score, overlaps in zip(
            faces.boxes_xyxy,
            faces.scores,
            iou_matrix(faces.boxes_xyxy, picture.boxes_xyxy),
            strict=True,
        )
        if overlaps.max(initial=0) < ON_NOTHING_IOU and box[3] - box[1] >= _LEAST_HEIGHT
    ]


def write(errors: Sequence[Error], file: Path) -> int:
    """Writes a JPEG or PNG of those with the greatest weight; returns how many it shows.

    Args:
        errors: in any order.
        file: outside of the repository, which holds no faces of others.

    Raises:
        DatasetError: for a file that cannot be written, or inside the repository.
    """
    if file.resolve().is_relative_to(_REPOSITORY):
        raise DatasetError(f"{file}: expected a file outside of the repository: faces are not ours")
    shown = sorted(errors, key=lambda one: -one.weight)[: _COLUMNS * _ROWS]
    sheet = np.zeros((_ROWS * _CELL, _COLUMNS * _CELL, 3), np.uint8)
    for index, error in enumerate(shown):
        row, column = divmod(index, _COLUMNS)
        y, x = row * _CELL, column * _CELL
        sheet[y : y + _CELL, x : x + _CELL] = _cell(error.image_bgr, error.box_xyxy)
    try:
        written = cv2.imwrite(str(file), sheet)
    except cv2.error:
        written = False
    if not written:
        raise DatasetError(f"{file}: expected a .jpg or .png file in a folder that exists")
    return len(shown)


def _cell(image_bgr: np.ndarray, box_xyxy: np.ndarray) -> np.ndarray:
    side = max(8.0, _SURROUNDINGS * float(box_xyxy[3] - box_xyxy[1]))
    scale = _CELL / side
    centre = (box_xyxy[:2] + box_xyxy[2:]) / 2
    shift = _CELL / 2 - scale * centre
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]], np.float32)
    cell = cv2.warpAffine(image_bgr, matrix, (_CELL, _CELL), flags=cv2.INTER_AREA)
    first, second = (
        tuple((scale * p + shift).round().astype(int).tolist())
        for p in (box_xyxy[:2], box_xyxy[2:])
    )
    return cv2.rectangle(cell, first, second, _RED, 1)
