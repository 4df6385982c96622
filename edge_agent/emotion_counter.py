"""From the tracks of a window to counts of people: each person once, small groups suppressed."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from edge_agent.emotions import EMOTIONS
from edge_agent.source import EARLY

_SURE_PROBABILITY: Final = 0.7
_ENOUGH_SURE: Final = 3
_UNSURE_WAIT: Final = 0.5
"""Of the time after which somebody judged surely is judged again."""
_LEAD: Final = 0.1
_SLACK: Final = 0.05
_UNCERTAIN: Final = -1


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


@dataclass
class _Votes:
    """What the good crops of a person said in this window."""

    total: np.ndarray
    crops: int = 0
    sure: int = 0
    seconds: float = 0.0


class EmotionCounter:
    """Accumulates a window.

    A person keeps the emotion of the window before unless another leads by a margin, so that the
    picture does not flicker between two that are about as probable.

    Once a small group was suppressed, one window more is: whoever compares neighbouring windows
    must not find it between two with numbers, as when one of five keeps stepping out of view.

    Args:
        confidence_threshold: a person whose highest mean probability is below it is uncertain.
        min_faces: fewer people in view at the same time, and the window is suppressed.
        repeat_seconds: a person judged surely a few times need not be judged again for so long;
            in the next window once is enough, as long as that is sure, too. Others need not for
            half of it: two frames a moment apart say almost the same.
        min_presence: share of the window's frames in which a person must be seen to count,
            so that a passer-by or a flicker of the detector does not.
    """

    def __init__(
        self,
        *,
        confidence_threshold: float,
        min_faces: int,
        repeat_seconds: float = 0.0,
        min_presence: float = 1 / 3,
    ) -> None:
        self._confidence_threshold = confidence_threshold
        self._min_faces = min_faces
        self._repeat_seconds = repeat_seconds
        self._min_presence = min_presence
        self._shown: dict[int, int] = {}
        """What each person of the window before showed: an index of `EMOTIONS`, or uncertain."""
        self._surely_judged: set[int] = set()
        """Who was judged surely in the window before."""
        self._holding_back = False
        self._begin()

    def reset(self) -> None:
        """Begins an empty window after the one in hand."""
        people = self._people()
        self._holding_back = 0 < self._together(people) < self._min_faces
        self._shown = {track_id: self._shows(track_id) for track_id in people}
        self._surely_judged = {one for one, votes in self._votes.items() if self._sure(one, votes)}
        self._begin()

    def needs_judging(self, track_ids: np.ndarray, seconds: float) -> np.ndarray:
        """(N,) bool: which of N people of a frame should be classified in it."""
        return np.array([self._is_due(track_id, seconds) for track_id in track_ids], bool)

    def update(
        self,
        seconds: float,
        track_ids: list[int],
        judged_ids: list[int],
        probabilities: np.ndarray,
    ) -> None:
        """Adds a frame.

        Args:
            seconds: its time.
            track_ids: ids of the people in it.
            judged_ids: N of them, whose crops were good and were classified.
            probabilities: (N, 7) of their emotions.
        """
        self._frames.append(track_ids)
        for track_id, row in zip(judged_ids, probabilities, strict=True):
            votes = self._votes.setdefault(track_id, _Votes(np.zeros(len(EMOTIONS))))
            votes.total = votes.total + row
            votes.crops += 1
            votes.sure += bool(row.max() >= _SURE_PROBABILITY)
            votes.seconds = seconds

    def compute(self) -> WindowCounts:
        """The counts of the frames so far."""
        people = self._people()
        if self._holding_back or self._together(people) < self._min_faces:
            return WindowCounts(len(self._frames), None, None, True)
        counts = dict.fromkeys(EMOTIONS, 0)
        uncertain = 0
        for track_id in people:
            shown = self._shows(track_id)
            if shown == _UNCERTAIN:
                uncertain += 1
            else:
                counts[EMOTIONS[shown]] += 1
        return WindowCounts(len(self._frames), counts, uncertain, False)

    def _begin(self) -> None:
        self._frames: list[list[int]] = []
        self._votes: dict[int, _Votes] = {}

    def _people(self) -> list[int]:
        """Those who were there for long enough to count."""
        seen: dict[int, int] = {}
        for track_ids in self._frames:
            for track_id in track_ids:
                seen[track_id] = seen.get(track_id, 0) + 1
        least = self._min_presence * len(self._frames)
        return [track_id for track_id, times in seen.items() if times >= least]

    def _together(self, people: list[int]) -> int:
        """How many of them were in view at the same time.

        The median, not the maximum: a group that was there for one frame must not unlock the
        numbers of the two who stayed.
        """
        counted = set(people)
        in_view = [len(counted.intersection(track_ids)) for track_ids in self._frames]
        return int(np.median(in_view)) if in_view else 0

    def _is_due(self, track_id: int, seconds: float) -> bool:
        votes = self._votes.get(track_id)
        if votes is None:
            return True
        wait = self._repeat_seconds * (1.0 if self._sure(track_id, votes) else _UNSURE_WAIT)
        return seconds - votes.seconds >= EARLY * wait

    def _sure(self, track_id: int, votes: _Votes) -> bool:
        enough = (
            1 if track_id in self._surely_judged and votes.sure == votes.crops else _ENOUGH_SURE
        )
        return votes.sure >= enough

    def _shows(self, track_id: int) -> int:
        votes = self._votes.get(track_id)
        if votes is None:
            return _UNCERTAIN
        mean = votes.total / votes.crops
        best = int(mean.argmax())
        threshold = self._confidence_threshold
        before = self._shown.get(track_id)
        if before == _UNCERTAIN:
            threshold += _SLACK
        elif before is not None:
            threshold -= _SLACK
            if mean[best] - mean[before] < _LEAD:
                best = before
        return best if mean[best] >= threshold else _UNCERTAIN
