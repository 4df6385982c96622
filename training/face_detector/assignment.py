"""SimOTA: which cells of the three maps answer for which face.

After Ge et al., "YOLOX: Exceeding YOLO Series in 2021", 2021. Every face takes as many
cells as the sum of its ten best overlaps, the cheapest first; a cell wanted by two faces
goes to the cheaper one.
"""

import functools
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from edge_agent.face_detector import STRIDES

_FAR = 1e5
_CANDIDATES = 10
_OVERLAP_WEIGHT = 3.0


class Assignment(NamedTuple):
    """For each of P cells: is it positive, of which face, and how well does it overlap."""

    positive: Any
    """(B, P) float32, 0 or 1."""
    target_xyxy: Any
    """(B, P, 4) float32 box of the face; anything where not positive."""
    overlap: Any
    """(B, P) float32 IoU of the predicted box with it, 0..1."""
    near_a_face: Any
    """(B, P) float32, 1 where a face may be found, positive or not."""


@functools.cache
def cells(image_size_hw: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """(P, 2) centres x, y in pixels and (P,) strides of all cells, stride 8 first, by rows."""
    centres, strides = [], []
    for stride in STRIDES:
        rows, columns = image_size_hw[0] // stride, image_size_hw[1] // stride
        y, x = np.mgrid[:rows, :columns]
        centres.append((np.stack([x, y], -1).reshape(-1, 2) + 0.5) * stride)
        strides.append(np.full(rows * columns, stride))
    return np.concatenate(centres).astype(np.float32), np.concatenate(strides).astype(np.float32)


def pairwise_iou(faces_xyxy: Any, boxes_xyxy: Any) -> Any:
    """(B, G, P) IoU of (B, G, 4) faces with (B, P, 4) boxes."""
    first, second = faces_xyxy[:, :, None], boxes_xyxy[:, None]
    sides = ops.maximum(
        ops.minimum(first[..., 2:], second[..., 2:]) - ops.maximum(first[..., :2], second[..., :2]),
        0.0,
    )
    shared = sides[..., 0] * sides[..., 1]
    sides_first = first[..., 2:] - first[..., :2]
    sides_second = second[..., 2:] - second[..., :2]
    area_first = sides_first[..., 0] * sides_first[..., 1]
    area_second = sides_second[..., 0] * sides_second[..., 1]
    return shared / (area_first + area_second - shared + 1e-6)


def assign(
    faces_xyxy: Any,
    valid: Any,
    boxes_xyxy: Any,
    scores: Any,
    *,
    centres: np.ndarray,
    strides: np.ndarray,
    radius: float = 2.5,
) -> Assignment:
    """Assigns faces to cells.

    Args:
        faces_xyxy: (B, G, 4) float32 true boxes in pixels, padded.
        valid: (B, G) bool, which of them count.
        boxes_xyxy: (B, P, 4) predicted boxes.
        scores: (B, P) predicted scores, 0..1.
        centres: (P, 2) centres of the cells in pixels.
        strides: (P,) their strides.
        radius: a cell is near a face if its centre is within so many strides.
    """
    # PyTorch takes no operation that begins with an array of NumPy.
    x, y = (ops.convert_to_tensor(centres[:, side]) for side in range(2))
    steps = ops.convert_to_tensor(strides)
    left, top, right, bottom = (faces_xyxy[:, :, None, side] for side in range(4))
    inside = ops.logical_and(
        ops.logical_and(x > left, x < right), ops.logical_and(y > top, y < bottom)
    )
    distance = ops.maximum(ops.abs(x - (left + right) / 2), ops.abs(y - (top + bottom) / 2))
    near = distance < radius * steps
    allowed = ops.logical_and(ops.logical_or(inside, near), valid[:, :, None])
    preferred = ops.logical_and(inside, near)

    iou = ops.where(allowed, pairwise_iou(faces_xyxy, boxes_xyxy), 0.0)
    cost = (
        -ops.log(scores[:, None, :] + 1e-6)
        - _OVERLAP_WEIGHT * ops.log(iou + 1e-6)
        + ops.where(preferred, 0.0, 100.0)
    )
    cost = ops.where(allowed, cost, _FAR)

    best, _ = ops.top_k(iou, _CANDIDATES)
    wanted = ops.clip(ops.cast(ops.sum(best, axis=-1), "int32"), 1, _CANDIDATES)
    cheapest, _ = ops.top_k(-cost, _CANDIDATES)
    limit = ops.take_along_axis(-cheapest, wanted[..., None] - 1, axis=-1)
    taken = ops.logical_and(cost <= limit, allowed)

    cost = ops.where(taken, cost, 2 * _FAR)
    owner = ops.argmin(cost, axis=1)
    positive = ops.any(taken, axis=1)
    target = ops.take_along_axis(faces_xyxy, owner[..., None], axis=1)
    overlap = ops.take_along_axis(iou, owner[:, None, :], axis=1)[:, 0]
    near_a_face = ops.cast(ops.any(allowed, axis=1), "float32")
    return Assignment(ops.cast(positive, "float32"), target, overlap, near_a_face)
