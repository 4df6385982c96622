"""Follows faces from frame to frame, so that a person counts once. Ids live in memory only."""

from typing import Final

import numpy as np

from edge_agent.boxes import centers, iou_matrix, widen
from edge_agent.face_detector import Faces

NOBODY: Final = -1
"""In place of an id: a face that is not certain enough to be somebody."""
_SURE_MARGINS: Final = (0.3, 1.0)
_SURE_IOU: Final = 0.1
_UNSURE_IOU: Final = 0.3
_LONGEST_PREDICTION_SECONDS: Final = 1.0
_VELOCITY_GAIN: Final = 0.25


class FaceTracker:
    """Matches faces with the people seen before, by overlap, the best pair first.

    What is found with little certainty continues a track and begins none (after ByteTrack,
    Zhang et al., ECCV 2022). At a few frames a second a head may move by more than its width:
    boxes are matched where the person should be by now, and with a margin around them, first a
    small one, then a larger one (after C-BIoU, Yang et al., WACV 2023).

    Args:
        score_threshold: a face scored below it is nobody new, 0..1.
        forget_seconds: a person unseen for so long is forgotten, and new when seen again.
    """

    def __init__(self, *, score_threshold: float, forget_seconds: float = 3.0) -> None:
        self._score_threshold = score_threshold
        self._forget_seconds = forget_seconds
        self._next_id = 0
        self.reset()

    def reset(self) -> None:
        """Forgets everybody, as after a cut."""
        self._ids = np.zeros(0, np.int64)
        self._boxes_xyxy = np.zeros((0, 4), np.float32)
        self._velocities = np.zeros((0, 2), np.float32)  # pixels a second
        self._seen_seconds = np.zeros(0)

    def update(self, faces: Faces, seconds: float) -> np.ndarray:
        """Matches the faces of a frame.

        Args:
            faces: N faces, the uncertain ones too.
            seconds: the frame's time; it never goes back.

        Returns:
            (N,) int64: the id of the person behind each face, or `NOBODY`.
        """
        self._forget(seconds)
        sure = faces.scores >= self._score_threshold
        tracks = self._match(faces, sure, seconds)
        known = tracks >= 0
        self._follow(tracks[known], faces.boxes_xyxy[known], seconds)
        ids = np.full(len(faces), NOBODY)
        ids[known] = self._ids[tracks[known]]
        new = sure & ~known
        ids[new] = self._begin(faces.boxes_xyxy[new], seconds)
        return ids

    def _match(self, faces: Faces, sure: np.ndarray, seconds: float) -> np.ndarray:
        """(N,) the index of each face's track, or -1."""
        passed = np.minimum(seconds - self._seen_seconds, _LONGEST_PREDICTION_SECONDS)
        moved = (self._velocities * passed[:, None]).astype(np.float32)
        expected_xyxy = self._boxes_xyxy + np.tile(moved, 2)
        tracks = np.full(len(faces), -1)
        free = np.ones(len(self._ids), bool)
        rounds = [*((sure, margin, _SURE_IOU) for margin in _SURE_MARGINS)]
        for candidates, margin, threshold in [*rounds, (~sure, 0.0, _UNSURE_IOU)]:
            rows, columns = np.flatnonzero(candidates & (tracks < 0)), np.flatnonzero(free)
            if not (len(rows) and len(columns)):
                continue
            overlap = iou_matrix(
                widen(faces.boxes_xyxy[rows], margin), widen(expected_xyxy[columns], margin)
            )
            near = np.argwhere(overlap > threshold)
            best_first = np.argsort(-overlap[tuple(near.T)], kind="stable")
            for row, column in near[best_first].tolist():
                if tracks[rows[row]] < 0 and free[columns[column]]:
                    tracks[rows[row]] = columns[column]
                    free[columns[column]] = False
        return tracks

    def _follow(self, tracks: np.ndarray, boxes_xyxy: np.ndarray, seconds: float) -> None:
        passed = np.maximum(seconds - self._seen_seconds[tracks], 1e-3)[:, None]
        velocities = (centers(boxes_xyxy) - centers(self._boxes_xyxy[tracks])) / passed
        self._velocities[tracks] += _VELOCITY_GAIN * (velocities - self._velocities[tracks])
        self._boxes_xyxy[tracks] = boxes_xyxy
        self._seen_seconds[tracks] = seconds

    def _begin(self, boxes_xyxy: np.ndarray, seconds: float) -> np.ndarray:
        number = len(boxes_xyxy)
        ids = np.arange(self._next_id, self._next_id + number)
        self._next_id += number
        self._ids = np.concatenate([self._ids, ids])
        self._boxes_xyxy = np.concatenate([self._boxes_xyxy, boxes_xyxy])
        self._velocities = np.concatenate([self._velocities, np.zeros((number, 2), np.float32)])
        self._seen_seconds = np.concatenate([self._seen_seconds, np.full(number, seconds)])
        return ids

    def _forget(self, seconds: float) -> None:
        kept = seconds - self._seen_seconds <= self._forget_seconds
        self._ids, self._boxes_xyxy = self._ids[kept], self._boxes_xyxy[kept]
        self._velocities, self._seen_seconds = self._velocities[kept], self._seen_seconds[kept]
