"""Boxes: intersection over union, and non-maximum suppression.

A box is ``x1, y1, x2, y2`` in pixels, the far corner exclusive.
"""

import numpy as np


def areas(boxes_xyxy: np.ndarray) -> np.ndarray:
    """(N,) areas in square pixels of (N, 4) boxes; 0 for an inside-out box."""
    sides = np.maximum(boxes_xyxy[:, 2:] - boxes_xyxy[:, :2], 0)
    return sides[:, 0] * sides[:, 1]


def iou_matrix(first_xyxy: np.ndarray, second_xyxy: np.ndarray) -> np.ndarray:
    """(N, M) intersection over union, 0..1, of (N, 4) boxes with (M, 4) boxes."""
    top_left = np.maximum(first_xyxy[:, None, :2], second_xyxy[None, :, :2])
    bottom_right = np.minimum(first_xyxy[:, None, 2:], second_xyxy[None, :, 2:])
    sides = np.maximum(bottom_right - top_left, 0)
    shared = sides[..., 0] * sides[..., 1]
    union = areas(first_xyxy)[:, None] + areas(second_xyxy)[None, :] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def non_maximum_suppression(
    boxes_xyxy: np.ndarray, scores: np.ndarray, *, iou_threshold: float
) -> np.ndarray:
    """Indices of the boxes to keep, best first.

    Args:
        boxes_xyxy: (N, 4) boxes.
        scores: (N,) scores.
        iou_threshold: of two boxes that overlap more than this, the weaker goes.
    """
    order = np.argsort(-scores, kind="stable")
    overlapping = iou_matrix(boxes_xyxy[order], boxes_xyxy[order]) > iou_threshold
    kept = np.ones(len(order), bool)
    for index in range(len(order)):
        if kept[index]:
            kept[index + 1 :] &= ~overlapping[index, index + 1 :]
    return order[kept]
