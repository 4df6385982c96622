"""Boxes: intersection over union, non-maximum suppression, soft too, and box voting.

A box is ``x1, y1, x2, y2`` in pixels, the far corner exclusive.
"""

import cv2
import numpy as np


def areas(boxes_xyxy: np.ndarray) -> np.ndarray:
    """(N,) areas in square pixels of (N, 4) boxes; 0 for an inside-out box."""
    sides = np.maximum(boxes_xyxy[:, 2:] - boxes_xyxy[:, :2], 0)
    return sides[:, 0] * sides[:, 1]


def centers(boxes_xyxy: np.ndarray) -> np.ndarray:
    """(N, 2) centres, x and y, of (N, 4) boxes."""
    return (boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2


def widen(boxes_xyxy: np.ndarray, margin: float) -> np.ndarray:
    """(N, 4) boxes with so many of their own widths and heights added on each side."""
    sides = margin * (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2])
    return boxes_xyxy + np.concatenate([-sides, sides], axis=1)


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
        scores: (N,) scores above 0.
        iou_threshold: of two boxes that overlap more than this, the weaker goes.
    """
    boxes_xywh = np.concatenate([boxes_xyxy[:, :2], boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]], axis=1)
    return np.array(cv2.dnn.NMSBoxes(boxes_xywh.tolist(), scores.tolist(), 0.0, iou_threshold), int)


def vote(
    kept_xyxy: np.ndarray, boxes_xyxy: np.ndarray, scores: np.ndarray, *, iou_threshold: float
) -> np.ndarray:
    """Moves each box that was kept to where it and the boxes around it lie on average.

    After the box voting of Gidaris and Komodakis, "Object detection via a multi-region and semantic
    segmentation-aware CNN model", ICCV 2015. Several cells find the same face, each a little
    beside it; their mean is nearer to it than the surest of them.

    Args:
        kept_xyxy: (K, 4) boxes, each also among the next.
        boxes_xyxy: (N, 4) all boxes.
        scores: (N,) of all boxes, above 0; a box counts by the square of its score.
        iou_threshold: those count that overlap a kept box at least this much.

    Returns:
        (K, 4) boxes of the first's dtype.
    """
    weights = (iou_matrix(kept_xyxy, boxes_xyxy) >= iou_threshold) * np.square(scores)
    mean = (weights @ boxes_xyxy) / weights.sum(axis=1, keepdims=True)
    return np.asarray(mean, kept_xyxy.dtype)


def soften(boxes_xyxy: np.ndarray, scores: np.ndarray, *, least: float) -> np.ndarray:
    """Lowers the score of a box by how much it overlaps a better one.

    By exp(-IoU²) of the better one that it overlaps most, after the Gaussian of Soft-NMS (Bodla et
    al., "Soft-NMS: Improving Object Detection With One Line of Code", ICCV 2017): faces behind one
    another stay, and a second box of one face is less believed.

    Args:
        boxes_xyxy: (N, 4) boxes, best first.
        scores: (N,) of them.
        least: score from which on a box lowers others; there may be thousands of lesser ones.

    Returns:
        (N,) scores of the same dtype, no longer best first.
    """
    sure = boxes_xyxy[scores >= least]
    most = np.tril(iou_matrix(boxes_xyxy, sure), -1).max(axis=1, initial=0)
    return np.asarray(scores * np.exp(-np.square(most)), scores.dtype)
