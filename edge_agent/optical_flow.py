"""Where boxes of one frame are in the next, by the optical flow of a few points in each."""

from typing import Any, Final

import cv2
import numpy as np

_SHARES: Final = (0.25, 0.5, 0.75)
_GRID: Final = np.stack(np.meshgrid(_SHARES, _SHARES), axis=-1).reshape(-1, 2).astype(np.float32)
"""(9, 2) points, as shares of a box's width and height: its rim is often background."""
_LUCAS_KANADE: Final[dict[str, Any]] = {
    "winSize": (7, 7),
    "maxLevel": 2,
    "criteria": (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 8, 0.03),
}
_FAR: Final = 0.5
"""A point that does not come back to within so many pixels was lost."""
_DIFFERENT: Final = 30.0
"""So is one whose surroundings differ by more than so many grey levels on average."""


def follow(before: np.ndarray, now: np.ndarray, boxes_xyxy: np.ndarray) -> np.ndarray | None:
    """Moves boxes by the median movement of their points.

    Points are followed from one picture to the next and back again; those that do not come back
    to where they began do not count (after Kalal et al., "Forward-Backward Error: Automatic
    Detection of Tracking Failures", ICPR 2010).

    Args:
        before, now: (H, W) uint8 pictures of the same size.
        boxes_xyxy: (N, 4) boxes in `before`, in pixels; N is at least 1.

    Returns:
        (N, 4) float32 boxes in `now`, of the same sizes; None when more than half of the points
        of a box were lost, as after a cut, or behind a hand.
    """
    left_top, sides_wh = boxes_xyxy[:, None, :2], boxes_xyxy[:, None, 2:] - boxes_xyxy[:, None, :2]
    points = (left_top + _GRID * sides_wh).astype(np.float32).reshape(-1, 1, 2)
    # OpenCV's default for the first guess is none, which its stubs do not know.
    guess: Any = None
    ahead, found, difference = cv2.calcOpticalFlowPyrLK(before, now, points, guess, **_LUCAS_KANADE)
    back, found_back, _ = cv2.calcOpticalFlowPyrLK(now, before, ahead, guess, **_LUCAS_KANADE)
    kept = (found == 1) & (found_back == 1) & (difference < _DIFFERENT)
    kept &= np.abs(back - points).max(axis=2) < _FAR
    kept = kept.reshape(len(boxes_xyxy), -1)
    counts = kept.sum(axis=1)
    if 2 * counts.min() < len(_GRID):
        return None
    # What was lost is sorted behind the rest; so the median needs no loop over the boxes.
    moves = np.where(kept[..., None], (ahead - points).reshape(*kept.shape, 2), np.inf)
    moves.sort(axis=1)
    medians = moves[np.arange(len(moves)), (counts - 1) // 2]
    return np.asarray(boxes_xyxy + np.tile(medians, 2), np.float32)
