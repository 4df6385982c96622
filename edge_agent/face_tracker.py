"""Follows faces from frame to frame, so that a person counts once. Ids live in memory only."""

import itertools
from dataclasses import dataclass

import numpy as np

from edge_agent.boxes import iou_matrix
from edge_agent.face_detector import Faces


@dataclass(eq=False)
class _Track:
    track_id: int
    box_xyxy: np.ndarray
    seen_seconds: float


class FaceTracker:
    """Greedy matching by overlap: the best pair first.

    Args:
        iou_threshold: faces that overlap less are different people.
        forget_seconds: a person unseen for so long is forgotten, and new when seen again.
    """

    def __init__(self, *, iou_threshold: float = 0.25, forget_seconds: float = 1.5) -> None:
        self._iou_threshold = iou_threshold
        self._forget_seconds = forget_seconds
        self._tracks: list[_Track] = []
        self._ids = itertools.count()

    def update(self, faces: Faces, seconds: float) -> list[int]:
        """Matches the faces of a frame.

        Args:
            faces: N faces.
            seconds: the frame's time; it never goes back.

        Returns:
            N track ids, in the order of the faces.
        """
        self._tracks = [
            track for track in self._tracks if seconds - track.seen_seconds <= self._forget_seconds
        ]
        matched: dict[int, _Track] = {}
        if self._tracks and len(faces):
            overlap = iou_matrix(
                faces.boxes_xyxy, np.stack([track.box_xyxy for track in self._tracks])
            )
            while overlap.max(initial=0.0) >= self._iou_threshold:
                face, track = np.unravel_index(overlap.argmax(), overlap.shape)
                matched[int(face)] = self._tracks[int(track)]
                overlap[face, :] = 0
                overlap[:, track] = 0
        result = []
        for index, box in enumerate(faces.boxes_xyxy):
            found = matched.get(index)
            if found is None:
                found = _Track(next(self._ids), box, seconds)
                self._tracks.append(found)
            found.box_xyxy, found.seen_seconds = box, seconds
            result.append(found.track_id)
        return result

    def reset(self) -> None:
        """Forgets everybody."""
        self._tracks.clear()
