"""What makes faces harder to find: something before them, a shadow, a smear."""

from typing import Any, Final

import cv2
import numpy as np

from training.recipe import Hardships

_LONGEST_SMEAR: Final = 9
"""In pixels."""
_LEAST_COVERED: Final = 12.0
"""Height in pixels below which a face that is half covered is nothing at all."""


def make_harder(
    image: Any, boxes_xyxy: np.ndarray, random: np.random.Generator, hardships: Hardships
) -> Any:
    """Covers parts of faces, and lays a shadow or a smear over the whole picture."""
    for box in boxes_xyxy:
        if box[3] - box[1] >= _LEAST_COVERED and random.random() < hardships.covered_share:
            _cover(image, box, boxes_xyxy, random)
    if random.random() < hardships.shadow_share:
        image = _shadow(image, random)
    if random.random() < hardships.smear_share:
        image = _smear(image, random)
    return image


def _cover(
    image: Any, box_xyxy: np.ndarray, boxes_xyxy: np.ndarray, random: np.random.Generator
) -> None:
    """Lays another part of the picture, or a plain colour, over one side of a face, in place."""
    x0, y0, x1, y1 = box_xyxy.round().astype(int)
    kept = random.uniform(0.5, 0.75)
    # What covers faces most: a head or a hand in front, then a neighbour, then a cap.
    side = random.choice(("below", "left", "right", "above"), p=(0.4, 0.25, 0.25, 0.1))
    if side == "below":
        y0 += int(kept * (y1 - y0))
    elif side == "above":
        y1 -= int(kept * (y1 - y0))
    elif side == "left":
        x1 -= int(kept * (x1 - x0))
    else:
        x0 += int(kept * (x1 - x0))
    height, width = y1 - y0, x1 - x0
    top = int(random.integers(0, image.shape[0] - height + 1))
    left = int(random.integers(0, image.shape[1] - width + 1))
    patch = image[top : top + height, left : left + width].copy()
    low, high = boxes_xyxy[:, :2], boxes_xyxy[:, 2:]
    if ((low < [left + width, top + height]) & (high > [left, top])).all(1).any():
        # A face there would be a face here, one that no box tells of.
        patch[:] = random.integers(0, 256, size=3)
    image[y0:y1, x0:x1] = patch


def _shadow(image: Any, random: np.random.Generator) -> Any:
    """Darkens one side of the picture and brightens the other, with an edge of any softness."""
    size = image.shape[0]
    direction = random.uniform(0, 2 * np.pi)
    places = np.linspace(-1, 1, size, dtype=np.float32)
    along = np.cos(direction) * places[None, :] + np.sin(direction) * places[:, None]
    edge = 1 / (1 + np.exp(-(along - random.uniform(-0.6, 0.6)) * np.exp(random.uniform(0.5, 3))))
    dark, bright = random.uniform(0.15, 0.8), random.uniform(0.9, 1.7)
    light = (dark + (bright - dark) * edge).astype(np.float32)
    return cv2.multiply(image, cv2.merge([light] * 3), dtype=cv2.CV_8U)


def _smear(image: Any, random: np.random.Generator) -> Any:
    """Blurs along a line, as a moving head or camera does."""
    length = int(random.integers(3, _LONGEST_SMEAR + 1))
    kernel = np.zeros((length, length), np.float32)
    angle, middle = random.uniform(0, np.pi), (length - 1) / 2
    step = middle * np.array([np.cos(angle), np.sin(angle)])
    first, last = ((middle + way * step).round().astype(int).tolist() for way in (-1, 1))
    cv2.line(kernel, first, last, 1.0)
    return cv2.filter2D(image, -1, kernel / kernel.sum())
