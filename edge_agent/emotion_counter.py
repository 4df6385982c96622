"""From the tracks of a window to counts of people: each person once, small groups suppressed."""

from dataclasses import dataclass

import numpy as np

from edge_agent.emotions import EMOTIONS


@dataclass(frozen=True)
class WindowCounts:
    """The counts of a window; all None when suppressed.

    Attributes:
        frames: frames that were looked at.
        counts: people by emotion.
        uncertain: people whose emotion could not be told.
        suppressed: too few people were in view at the same time.
    """

    frames: int
    counts: dict[str, int] | None
    uncertain: int | None
    suppressed: bool


class EmotionCounter:
    """Accumulates a window.

    Args:
        confidence_threshold: a person whose highest mean probability is below it is uncertain.
        min_faces: fewer people in view at the same time, and the window is suppressed.
        min_presence: share of the window's frames in which a person must be seen to count,
            so that a passer-by or a flicker of the detector does not.
    """

    def __init__(
        self, *, confidence_threshold: float, min_faces: int, min_presence: float = 1 / 3
    ) -> None:
        self._confidence_threshold = confidence_threshold
        self._min_faces = min_faces
        self._min_presence = min_presence
        self.reset()

    def reset(self) -> None:
        """Begins an empty window."""
        self._frames: list[list[int]] = []
        self._sums: dict[int, np.ndarray] = {}

    def update(self, track_ids: list[int], probabilities: np.ndarray, good: np.ndarray) -> None:
        """Adds a frame.

        Args:
            track_ids: N ids of the people in it.
            probabilities: (G, 7) for those whose crop is good, in their order.
            good: (N,) bool, whose crops are good.
        """
        self._frames.append(track_ids)
        good_ids = [track_id for track_id, is_good in zip(track_ids, good, strict=True) if is_good]
        for track_id, row in zip(good_ids, probabilities, strict=True):
            # The number of good crops scales the sum; only its direction matters later.
            self._sums[track_id] = self._sums.get(track_id, 0) + np.append(row, 1.0)

    def compute(self) -> WindowCounts:
        """The counts of the frames so far."""
        number = len(self._frames)
        seen: dict[int, int] = {}
        for track_ids in self._frames:
            for track_id in track_ids:
                seen[track_id] = seen.get(track_id, 0) + 1
        people = {track for track, times in seen.items() if times >= self._min_presence * number}
        in_view = [sum(track_id in people for track_id in frame) for frame in self._frames]
        # The median, not the maximum: a group that was there for one frame must not unlock
        # the numbers of the two who stayed.
        together = int(np.median(in_view)) if in_view else 0
        if together < self._min_faces:
            return WindowCounts(number, None, None, True)
        counts = dict.fromkeys(EMOTIONS, 0)
        uncertain = 0
        for track_id in people:
            total = self._sums.get(track_id)
            if total is None:
                uncertain += 1
                continue
            mean = total[:-1] / total[-1]
            best = int(mean.argmax())
            if mean[best] < self._confidence_threshold:
                uncertain += 1
            else:
                counts[EMOTIONS[best]] += 1
        return WindowCounts(number, counts, uncertain, False)
