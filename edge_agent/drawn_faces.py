"""A drawing of three faces, nobody's, by which a device tests that its networks answer."""

from typing import Final

import cv2
import numpy as np

_FACES: Final = ((150, 180, 70), (320, 190, 100), (510, 170, 130))
"""Centre x, centre y and width of each, in pixels."""
BOXES_XYXY: Final = np.array(
    [(x - 0.5 * w, y - 0.66 * w, x + 0.5 * w, y + 0.66 * w) for x, y, w in _FACES], np.float32
)
"""Where they are."""
_SIZE_WH: Final = (640, 360)
_WALL, _SKIN, _HAIR, _WHITE = (120, 120, 120), (150, 175, 215), (35, 45, 60), (240, 240, 240)
_LIPS, _NOSE = (80, 80, 170), (110, 135, 180)


def drawn_faces() -> np.ndarray:
    """The drawing, (360, 640, 3) uint8 BGR."""
    image = np.full((_SIZE_WH[1], _SIZE_WH[0], 3), _WALL, np.uint8)
    for x, y, width in _FACES:
        _draw(image, x, y, width)
    # A photograph has no edges as sharp as these.
    return cv2.GaussianBlur(image, (0, 0), 2)


def _draw(image: np.ndarray, x: int, y: int, width: int) -> None:
    def oval(dx: float, dy: float, half_wh: tuple[float, float], colour: tuple[int, ...]) -> None:
        """A filled oval; all in widths of the face."""
        centre = round(x + dx * width), round(y + dy * width)
        axes = round(half_wh[0] * width), round(half_wh[1] * width)
        cv2.ellipse(image, centre, axes, 0, 0, 360, colour, -1, cv2.LINE_AA)

    oval(0, -0.12, (0.62, 0.78), _HAIR)
    oval(0, 0, (0.5, 0.66), _SKIN)
    for side in (-1, 1):
        oval(side * 0.2, -0.25, (0.13, 0.03), _HAIR)
        oval(side * 0.2, -0.12, (0.1, 0.055), _WHITE)
        oval(side * 0.2, -0.12, (0.045, 0.05), _HAIR)
    oval(0, 0.1, (0.07, 0.04), _NOSE)
    oval(0, 0.34, (0.2, 0.1), _LIPS)
    oval(0, 0.34, (0.15, 0.05), _WHITE)
