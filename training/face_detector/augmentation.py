"""Random crops and light for detector training, on the CPU with OpenCV."""

from typing import Any, Final

import cv2
import numpy as np

from edge_agent.boxes import areas
from training.face_detector.assignment import cells
from training.face_detector.hardships import make_harder
from training.recipe import Hardships
from training.wider_face import LabelledPicture

MAX_FACES: Final = 48
"""Faces a crop may carry; the smallest beyond that become ignored areas."""
_LARGEST_SHARE: Final = 0.9
"""Of the crop's side, for what it is taken around."""
_MOST_ENLARGED: Final = 2.5
"""Beyond that it is nothing but blur."""
_SMALLEST_DECOY: Final = 16.0
"""Side in pixels of a decoy that a crop is taken around: smaller ones are in any crop."""
_LEAST_HIDDEN: Final = 0.3
"""Share of a face behind another picture from which on it need not be found."""
_MOST_HIDDEN: Final = 0.8
"""From which on there is no face."""


def random_crop(
    picture: LabelledPicture,
    size: int,
    random: np.random.Generator,
    *,
    scales: tuple[float, float] = (0.3, 2.0),
    smallest_face: float = 8.0,
    face_share: float = 0.0,
    decoys: np.ndarray | None = None,
    decoy_share: float = 0.0,
    around_xyxy: np.ndarray | None = None,
    hardships: Hardships | None = None,
    backdrop: LabelledPicture | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A square crop of a random place, or around a face or a decoy, resized, mirrored and relit.

    Args:
        picture: what to crop.
        size: side of the result in pixels.
        random: the source of randomness.
        scales: the crop's side as a share of the picture's short side, log-uniform.
        smallest_face: lower faces, in pixels after the crop, become ignored areas.
        face_share: of the crops that are taken around a face, which then is of any size the crop
            has room for: in crops of a random place large faces are rare and cut (after the
            data-anchor-sampling of Tang et al., "PyramidBox", ECCV 2018).
        decoys: (D, 4) boxes of what is no face and might be taken for one; None for none known.
        decoy_share: of the crops that are taken around one of these, of any size likewise; a large
            one is taken more often, by its area, for small ones are seen in these crops as well.
        around_xyxy: (4,) the face that the crop is taken around, whatever the shares say; None to
            let them decide.
        hardships: what else makes faces harder to find; None for nothing.
        backdrop: another picture, which is seen where the crop reaches beyond the first; None for
            black.

    Returns:
        (size, size, 3) uint8 picture; (MAX_FACES, 5) float32 faces, a box in pixels and a
        flag, 1 for a face and 0 for padding; (P,) float32, 1 for each of the network's
        cells whose answer does not matter.
    """
    # Nothing is drawn where nothing is asked for, so that older recipes see the crops they saw.
    if around_xyxy is not None:
        place = _around(around_xyxy, size, random, smallest=smallest_face)
    elif decoy_share > 0 and random.random() < decoy_share and decoys is not None and len(decoys):
        size_of_each = areas(decoys)
        around = random.choice(decoys, p=size_of_each / size_of_each.sum())
        place = _around(around, size, random, smallest=_SMALLEST_DECOY)
    elif face_share > 0 and random.random() < face_share and not picture.ignored.all():
        around = random.choice(picture.boxes_xyxy[~picture.ignored])
        place = _around(around, size, random, smallest=smallest_face)
    else:
        place = _anywhere(picture, random, scales=scales)
    mirror = random.random() < 0.5
    angle = 0.0
    if hardships is not None and random.random() < hardships.turned_share:
        angle = random.uniform(-1, 1) * np.radians(hardships.turned_degrees)
    image, boxes, area = _cut(picture, place, size, mirror=mirror, angle=angle)
    ignored = picture.ignored
    if backdrop is not None and not area.all():
        behind, more, _ = _cut(
            backdrop,
            _anywhere(backdrop, random, scales=(min(scales[0], 1.0), 1.0)),
            size,
            mirror=random.random() < 0.5,
        )
        image = np.where(area[..., None] > 0, image, behind)
        hidden = _share_inside(more, area)
        seen = hidden < _MOST_HIDDEN
        boxes = np.concatenate([boxes, more[seen]])
        ignored = np.concatenate([ignored, (backdrop.ignored | (hidden > _LEAST_HIDDEN))[seen]])

    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    clipped = np.clip(boxes, 0, size)
    visible = ((clipped[:, 2:] - clipped[:, :2]) > 1).all(1)
    centred = ((middle > 0) & (middle < size)).all(1)
    large = (boxes[:, 3] - boxes[:, 1]) >= smallest_face
    good = visible & centred & large & ~ignored
    found = clipped[good]
    found = found[np.argsort(found[:, 1] - found[:, 3], kind="stable")]
    faces = np.zeros((MAX_FACES, 5), np.float32)
    faces[: len(found), :4] = found[:MAX_FACES]
    faces[: len(found), 4] = 1
    doubtful = np.concatenate([clipped[visible & ~good], found[MAX_FACES:]])
    if hardships is not None:
        image = make_harder(image, clipped[good], random, hardships)
    return _relight(image, random), faces, _covered(doubtful, size)


def _cut(
    picture: LabelledPicture,
    place: tuple[float, float, float],
    size: int,
    *,
    mirror: bool,
    angle: float = 0.0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A square of a picture, resized, mirrored and turned about its middle.

    Args:
        picture: what to cut from.
        place: left, top and side in its pixels.
        size: side of the result in pixels.
        mirror: left to right.
        angle: in radians.

    Returns:
        (size, size, 3) uint8, black where the picture does not reach; (N, 4) all its boxes
        there; (size, size) uint8, 1 where the picture reaches.
    """
    left, top, side = place
    scale = size / side
    matrix = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]], np.float64)
    if mirror:
        matrix[0] = [-scale, 0, size - 1 + left * scale]
    boxes = (picture.boxes_xyxy - [left, top, left, top]) * scale
    if mirror:
        boxes = np.stack([size - boxes[:, 2], boxes[:, 1], size - boxes[:, 0], boxes[:, 3]], 1)
    if angle:
        matrix = _turn(angle, size) @ np.vstack([matrix, [0, 0, 1]])
        boxes = _turned_boxes(boxes, angle, size)

    image = picture.image_bgr
    height, width = image.shape[:2]
    corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]]) @ matrix.T
    area = np.zeros((size, size), np.uint8)
    cv2.fillConvexPoly(area, corners.round().astype(np.int32), 1)
    # Shrinking with INTER_AREA is not offered by warpAffine: crop and resize when smaller.
    if scale < 0.6:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        matrix[:, :2] /= scale
    return cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR), boxes, area


def _share_inside(boxes_xyxy: np.ndarray, area: np.ndarray) -> np.ndarray:
    """(N,) 0..1, how much of each box lies in an area, a (S, S) map of 0 and 1."""
    corners = np.clip(boxes_xyxy, 0, area.shape[0]).round().astype(int)
    sums = cv2.integral(area)
    x0, y0, x1, y1 = corners.T
    inside = sums[y1, x1] - sums[y0, x1] - sums[y1, x0] + sums[y0, x0]
    return inside / np.maximum((x1 - x0) * (y1 - y0), 1)


def _anywhere(
    picture: LabelledPicture, random: np.random.Generator, *, scales: tuple[float, float]
) -> tuple[float, float, float]:
    """Left, top and side of a square, in pixels of the picture."""
    height, width = picture.image_bgr.shape[:2]
    side = min(height, width) * np.exp(random.uniform(*np.log(scales)))
    left, top = (random.uniform(min(0, d - side), max(0, d - side)) for d in (width, height))
    return left, top, side


def _around(
    box_xyxy: np.ndarray, size: int, random: np.random.Generator, *, smallest: float
) -> tuple[float, float, float]:
    """As `_anywhere`, with a box wholly inside, its size evenly distributed by its logarithm."""
    left, top, right, bottom = box_xyxy
    longer = max(right - left, bottom - top)
    largest = max(smallest, min(_LARGEST_SHARE * size, _MOST_ENLARGED * longer))
    side = size * longer / np.exp(random.uniform(np.log(smallest), np.log(largest)))
    place = (random.uniform(right - side, left), random.uniform(bottom - side, top))
    return *place, side


def _turn(angle: float, size: int) -> np.ndarray:
    """(2, 3) float64 matrix that turns a picture around its middle, by radians."""
    cosine, sine, middle = np.cos(angle), np.sin(angle), size / 2
    turn = np.array([[cosine, -sine], [sine, cosine]])
    return np.column_stack([turn, middle - turn @ [middle, middle]])


def _turned_boxes(boxes_xyxy: np.ndarray, angle: float, size: int) -> np.ndarray:
    """The boxes around turned faces: a face fills an ellipse of its box, not its corners."""
    centres, halves = (
        (boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2,
        (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]) / 2,
    )
    turn = _turn(angle, size)
    centres = centres @ turn[:, :2].T + turn[:, 2]
    halves = np.sqrt(halves**2 @ (turn[:, :2] ** 2).T)
    return np.concatenate([centres - halves, centres + halves], 1)


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
