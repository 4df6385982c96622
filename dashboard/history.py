"""Turns a room's windows into what a chart draws: shares, hidden stretches and gaps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from dashboard.records import Window
from edge_agent.emotions import EMOTIONS

UNCERTAIN: Final = "uncertain"
CATEGORIES: Final = (*EMOTIONS, UNCERTAIN)
"""The order in which people are stacked, the lowest first."""


@dataclass(frozen=True)
class Share:
    """The people of one category in one window, stacked from ``below`` to ``above``."""

    started_at: datetime
    ended_at: datetime
    category: str
    people: int
    below: int
    above: int


@dataclass(frozen=True)
class Stretch:
    """A stretch of time.

    Attributes:
        missing: windows that the device counted and that did not arrive; None where it
            cannot be known.
    """

    started_at: datetime
    ended_at: datetime
    missing: int | None = None


def shares(windows: Iterable[Window]) -> list[Share]:
    """People per category and window; suppressed windows have none, not zero.

    A category nobody is in is left out.
    """
    table: list[Share] = []
    for window in windows:
        if window.counts is None or window.uncertain is None:
            continue
        below = 0
        for category, people in ({**window.counts, UNCERTAIN: window.uncertain}).items():
            if people:
                above = below + people
                span = (window.started_at, window.ended_at)
                table.append(Share(*span, category, people, below, above))
                below = above
    return table


def hidden(windows: Sequence[Window], slack: timedelta) -> list[Stretch]:
    """The stretches in which numbers were suppressed, neighbours joined."""
    return _joined((window for window in windows if window.suppressed), slack)


def counted(windows: Sequence[Window], slack: timedelta) -> list[Stretch]:
    """The stretches in which numbers were shown, be they zero, neighbours joined."""
    return _joined((window for window in windows if not window.suppressed), slack)


def gaps(
    windows: Sequence[Window], start: datetime, end: datetime, slack: timedelta
) -> list[Stretch]:
    """The stretches between ``start`` and ``end`` that no window covers.

    Args:
        windows: the oldest first.
        slack: a hole of at most this length is none.
    """
    found: list[Stretch] = []
    reached, before = start, None
    for window in windows:
        if window.started_at - reached > slack:
            found.append(Stretch(reached, window.started_at, _missing(before, window)))
        reached, before = max(reached, window.ended_at), window
    if end - reached > slack:
        found.append(Stretch(reached, end))
    return found


def _missing(before: Window | None, after: Window) -> int | None:
    if before is None or before.boot_id != after.boot_id:
        return None
    return max(0, after.seq - before.seq - 1)


def _joined(windows: Iterable[Window], slack: timedelta) -> list[Stretch]:
    joined: list[Stretch] = []
    for window in windows:
        if joined and window.started_at - joined[-1].ended_at <= slack:
            joined[-1] = Stretch(joined[-1].started_at, window.ended_at)
        else:
            joined.append(Stretch(window.started_at, window.ended_at))
    return joined
