"""Compares a room's last minute with the minutes before: more, fewer, or much the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from dashboard.history import UNCERTAIN
from dashboard.records import Window
from edge_agent.emotions import EMOTIONS

RECENT: Final = timedelta(minutes=1)
EARLIER: Final = (timedelta(minutes=5), timedelta(minutes=3))
"""From so long ago to so long ago."""
MINUTES_AGO: Final = 4
"""The middle of `EARLIER`, as it is told."""
_LEAST_COVERED: Final = 0.5
"""Of either stretch at least so much must have numbers."""
_LEAST_PEOPLE: Final = 2.0
_LEAST_RATIO: Final = 0.2
_LEAST_SHARE: Final = 0.15


@dataclass(frozen=True)
class Change:
    """What is most different from some minutes ago.

    Attributes:
        category: an emotion, ``uncertain``, or None where it is the number of people or nothing.
        before: people on average then.
        now: people on average in the last minute.
        notable: whether it is more than the usual back and forth.
    """

    category: str | None
    before: float
    now: float
    notable: bool


def compare(windows: Sequence[Window], end: datetime) -> Change | None:
    """The most notable change up to a moment, or None where too little was counted.

    Args:
        windows: of one room, the oldest first; suppressed ones count as unknown.
        end: of the last minute.
    """
    now = _averages(windows, end - RECENT, end)
    before = _averages(windows, end - EARLIER[0], end - EARLIER[1])
    if now is None or before is None:
        return None
    people_now, people_before = sum(now.values()), sum(before.values())
    moved = abs(people_now - people_before)
    if moved >= max(_LEAST_PEOPLE, _LEAST_RATIO * max(people_now, people_before)):
        return Change(None, people_before, people_now, True)
    # Not the uncertain: how they change says more of the light than of the people.
    category = max(EMOTIONS, key=lambda name: abs(now[name] - before[name]))
    shift = abs(now[category] - before[category])
    if shift >= max(_LEAST_PEOPLE, _LEAST_SHARE * max(people_now, people_before)):
        return Change(category, before[category], now[category], True)
    return Change(None, people_before, people_now, False)


def _averages(windows: Sequence[Window], start: datetime, end: datetime) -> dict[str, float] | None:
    """People of each category on average; None where too little of the stretch has numbers."""
    inside = [w for w in windows if w.counts is not None and start <= w.started_at < end]
    covered = sum(((w.ended_at - w.started_at) for w in inside), timedelta(0))
    if not inside or covered < _LEAST_COVERED * (end - start):
        return None
    total = dict.fromkeys((*EMOTIONS, UNCERTAIN), 0)
    for window in inside:
        for category, people in {**(window.counts or {}), UNCERTAIN: window.uncertain or 0}.items():
            total[category] += people
    return {category: people / len(inside) for category, people in total.items()}
