"""A sheet of the largest faces that were missed, for the engineer's own eyes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from training.fer2013 import DatasetError
from training.wider_face import LabelledPicture

_REPOSITORY: Final = Path(__file__).parents[2]
_CELL: Final = 160
_COLUMNS, _ROWS = 10, 6
_SURROUNDINGS: Final = 2.5
"""What is shown around a face, in its heights."""
_RED: Final = (0, 0, 255)


def write(hits: Sequence[np.ndarray], pictures: Sequence[LabelledPicture], file: Path) -> int:
    """Writes a JPEG or PNG; returns how many faces it shows.

    Args:
        hits: by picture, (N,) bool: which faces were found.
        pictures: in the same order.
        file: outside of the repository, which holds no faces of others.

    Raises:
        DatasetError: for a file that cannot be written, or inside the repository.
    """
    if file.resolve().is_relative_to(_REPOSITORY):
        raise DatasetError(f"{file}: expected a file outside of the repository: faces are not ours")
    missed = [
        (float(box[3] - box[1]), picture.image_bgr, box)
        for picture, hit in zip(pictures, hits, strict=True)
        for box in picture.boxes_xyxy[~hit & ~picture.ignored]
    ]
    missed.sort(key=lambda one: -one[0])
    shown = missed[: _COLUMNS * _ROWS]
    sheet = np.zeros((_ROWS * _CELL, _COLUMNS * _CELL, 3), np.uint8)
    for index, (_, image, box) in enumerate(shown):
        row, column = divmod(index, _COLUMNS)
        y, x = row * _CELL, column * _CELL
        sheet[y : y + _CELL, x : x + _CELL] = _cell(image, box)
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
