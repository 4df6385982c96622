"""Describes what a camera sees in words and letters, for somebody who mounts it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from edge_agent.boxes import centers
from edge_agent.config import Classifier
from edge_agent.face_detector import Faces
from edge_agent.face_gate import are_large, are_turned_away, sides

_GRID_WH: Final = (32, 12)
_STEP: Final = 8
_DARK, _BRIGHT = 50.0, 205.0
_EDGE: Final = 0.01

Light = Literal["too dark", "fine", "too bright"]


@dataclass(frozen=True, eq=False)
class View:
    """What is seen in one frame.

    Attributes:
        size_wh: of the picture, in pixels.
        boxes_xyxy: (N, 4) faces, in pixels.
        sides: (N,) the shorter side of each, in pixels.
        large: (N,) bool, large enough to be classified.
        turned_away: (N,) bool, so far that it is not classified.
        cut_off: (N,) bool, at the border of the picture.
        brightness: mean of the picture, 0..255.
    """

    size_wh: tuple[int, int]
    boxes_xyxy: np.ndarray
    sides: np.ndarray
    large: np.ndarray
    turned_away: np.ndarray
    cut_off: np.ndarray
    brightness: float

    @property
    def light(self) -> Light:
        """What the brightness means."""
        if self.brightness < _DARK:
            return "too dark"
        return "too bright" if self.brightness > _BRIGHT else "fine"


def look(image_bgr: np.ndarray, faces: Faces, settings: Classifier) -> View:
    """Takes from a picture what a person who aims the camera must know.

    Args:
        image_bgr: (H, W, 3) uint8.
        faces: the faces found in it.
        settings: which faces are classified.
    """
    height, width = image_bgr.shape[:2]
    boxes = faces.boxes_xyxy
    margins = np.concatenate([boxes[:, :2], [width, height] - boxes[:, 2:]], axis=1)
    # Of the whole picture: how bright a face is depends on the person's skin, too.
    brightness = float(image_bgr[::_STEP, ::_STEP].mean())
    return View(
        size_wh=(width, height),
        boxes_xyxy=boxes,
        sides=sides(faces),
        large=are_large(faces, settings),
        turned_away=are_turned_away(faces, settings),
        cut_off=(margins < _EDGE * width).any(axis=1),
        brightness=brightness,
    )


def drawing(view: View) -> str:
    """A coarse map of the faces, 34 by 14 letters: O is large enough, o too small."""
    columns, rows = _GRID_WH
    cells = np.full((rows, columns), "·")
    scale = np.array(_GRID_WH) / view.size_wh
    # Small ones last, for they are what has to be seen.
    for index in np.argsort(~view.large, kind="stable"):
        x1, y1, x2, y2 = (view.boxes_xyxy[index] * np.tile(scale, 2)).round().astype(int)
        column, row = (centers(view.boxes_xyxy[index : index + 1])[0] * scale).astype(int)
        letter = "O" if view.large[index] else "o"
        cells[y1:y2, x1:x2] = letter
        cells[min(row, rows - 1), min(column, columns - 1)] = letter
    border = "+" + columns * "-" + "+"
    return "\n".join([border, *(f"|{''.join(row)}|" for row in cells), border])


def description(views: Sequence[View]) -> str:
    """Numbers and sizes of the faces in these frames, and the light, in one line."""
    found = np.concatenate([view.sides for view in views])
    faces = f"faces: {_typical([view.sides for view in views])}"
    if len(found):
        smallest, median, largest = np.quantile(found, [0, 0.5, 1]).round().astype(int)
        faces += f", of {smallest} to {largest} pixels, median {median}"
    small = _typical([view.sides[~view.large] for view in views])
    cut_off = _typical([view.sides[view.cut_off] for view in views])
    away = _typical([view.sides[view.turned_away] for view in views])
    return (
        f"{faces}; too small: {small}; turned away: {away}; at the border: {cut_off}; "
        f"light: {views[-1].light}"
    )


def _typical(groups: Sequence[np.ndarray]) -> int:
    return round(float(np.median([len(group) for group in groups])))


def advice(views: Sequence[View], *, smallest_face_pixels: int) -> str:
    """What to do about what is seen in these frames, most urgent first, in one sentence."""
    light = views[-1].light
    if light == "too dark":
        return "Too dark: give the room more light, or turn the camera away from what is bright."
    if light == "too bright":
        return "Too bright: turn the camera away from windows and lamps, or draw the curtains."
    large = np.concatenate([view.large for view in views])
    if not len(large):
        return "No face is found: turn the camera towards the faces, or move it closer."
    width, height = views[-1].size_wh
    # One face in ten frames may be a picture on the wall.
    if np.mean(~large) > 0.1:
        return (
            f"Some faces are below {smallest_face_pixels} pixels and are not classified: move the "
            f"camera closer, zoom in, or turn up camera.width and camera.height (now "
            f"{width} x {height})."
        )
    if np.mean(np.concatenate([view.cut_off for view in views])) > 0.1:
        return "Some faces are cut off by the border: turn the camera, or move it back."
    # Some look at a neighbour at any moment.
    if np.mean(np.concatenate([view.turned_away for view in views])) > 0.5:
        return (
            "Most faces are seen from the side and are not classified: put the camera where the "
            "class looks, as beside the board."
        )
    return "Fine: every face that is found is large enough."
