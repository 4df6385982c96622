"""Random crops and light for detector training, on the CPU with OpenCV."""

from typing import Any, Final

import cv2
import numpy as np

from training.face_detector.assignment import cells
from training.wider_face import LabelledPicture

MAX_FACES: Final = 48
"""Faces a crop may carry; the smallest beyond that become ignored areas."""
_LARGEST_SHARE: Final = 0.9
"""Of the crop's side, for the face that it is taken around."""
_MOST_ENLARGED: Final = 2.5
"""Beyond that a face is nothing but blur."""


def random_crop(
    picture: LabelledPicture,
    size: int,
    random: np.random.Generator,
    *,
    scales: tuple[float, float] = (0.3, 2.0),
    smallest_face: float = 8.0,
    face_share: float = 0.0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A square crop of a random place, or around a random face, resized, mirrored and relit.

    Args:
        picture: what to crop.
        size: side of the result in pixels.
        random: the source of randomness.
        scales: the crop's side as a share of the picture's short side, log-uniform.
        smallest_face: lower faces, in pixels after the crop, become ignored areas.
        face_share: of the crops that are taken around a face, which then is of any size the crop
            has room for: in crops of a random place large faces are rare and cut (after the
            data-anchor-sampling of Tang et al., "PyramidBox", ECCV 2018).

    Returns:
        (size, size, 3) uint8 picture; (MAX_FACES, 5) float32 faces, a box in pixels and a
        flag, 1 for a face and 0 for padding; (P,) float32, 1 for each of the network's
        cells whose answer does not matter.
    """
    # Nothing is drawn where no face is asked for, so that older recipes see the crops they saw.
    if face_share > 0 and random.random() < face_share and not picture.ignored.all():
        left, top, side = _around_a_face(picture, size, random, smallest_face=smallest_face)
    else:
        left, top, side = _anywhere(picture, random, scales=scales)
    scale = size / side
    mirror = random.random() < 0.5
    matrix = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]], np.float64)
    if mirror:
        matrix[0] = [-scale, 0, size - 1 + left * scale]
    # Shrinking with INTER_AREA is not offered by warpAffine: crop and resize when smaller.
    image = picture.image_bgr
    if scale < 0.6:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        matrix[:, :2] /= scale
    image = cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR)

    boxes = (picture.boxes_xyxy - [left, top, left, top]) * scale
    if mirror:
        boxes = np.stack([size - boxes[:, 2], boxes[:, 1], size - boxes[:, 0], boxes[:, 3]], 1)
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    clipped = np.clip(boxes, 0, size)
    visible = ((clipped[:, 2:] - clipped[:, :2]) > 1).all(1)
    centred = ((middle > 0) & (middle < size)).all(1)
    large = (boxes[:, 3] - boxes[:, 1]) >= smallest_face
    good = visible & centred & large & ~picture.ignored
    found = clipped[good]
    found = found[np.argsort(found[:, 1] - found[:, 3], kind="stable")]
    faces = np.zeros((MAX_FACES, 5), np.float32)
    faces[: len(found), :4] = found[:MAX_FACES]
    faces[: len(found), 4] = 1
    doubtful = np.concatenate([clipped[visible & ~good], found[MAX_FACES:]])
    return _relight(image, random), faces, _covered(doubtful, size)


def _anywhere(
    picture: LabelledPicture, random: np.random.Generator, *, scales: tuple[float, float]
) -> tuple[float, float, float]:
    """Left, top and side of a square, in pixels of the picture."""
    height, width = picture.image_bgr.shape[:2]
    side = min(height, width) * np.exp(random.uniform(*np.log(scales)))
    left, top = (random.uniform(min(0, d - side), max(0, d - side)) for d in (width, height))
    return left, top, side


def _around_a_face(
    picture: LabelledPicture, size: int, random: np.random.Generator, *, smallest_face: float
) -> tuple[float, float, float]:
    """As `_anywhere`, with a face wholly inside, its height evenly distributed by its logarithm."""
    left, top, right, bottom = random.choice(picture.boxes_xyxy[~picture.ignored])
    longer = max(right - left, bottom - top)
    largest = max(smallest_face, min(_LARGEST_SHARE * size, _MOST_ENLARGED * longer))
    side = size * longer / np.exp(random.uniform(np.log(smallest_face), np.log(largest)))
    place = (random.uniform(right - side, left), random.uniform(bottom - side, top))
    return *place, side


def _covered(boxes_xyxy: np.ndarray, size: int) -> np.ndarray:
    centres, _ = cells((size, size))
    inside = (centres[:, None] >= boxes_xyxy[:, :2]) & (centres[:, None] <= boxes_xyxy[:, 2:])
    return np.asarray(inside.all(-1).any(-1), np.float32)


def _relight(image: Any, random: np.random.Generator) -> Any:
    """Contrast, brightness, gamma and colour by one table a channel; grey, blur, JPEG at times."""
    ramp = np.arange(256, dtype=np.float32)
    gamma = np.exp(random.uniform(-0.35, 0.35))
    contrast = np.exp(random.uniform(-0.35, 0.35, size=3) * [0.3] + random.uniform(-0.3, 0.3))
    brightness = random.uniform(-30, 30)
    curve = 255 * (ramp / 255) ** gamma
    table = (curve[:, None] - 128) * contrast + 128 + brightness
    image = cv2.LUT(image, np.clip(table, 0, 255).astype(np.uint8)[None])
    if random.random() < 0.15:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    if random.random() < 0.15:
        image = cv2.GaussianBlur(image, (0, 0), random.uniform(0.4, 1.4))
    if random.random() < 0.25:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(25, 90))]
        image = cv2.imdecode(cv2.imencode(".jpg", image, quality)[1], cv2.IMREAD_COLOR)
    return image
