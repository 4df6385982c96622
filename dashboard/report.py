"""What is known of one lesson in one room: averages, shares, stretches, and minutes for a chart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from dashboard import confusion, history
from dashboard.confusion import Confusion, Range
from dashboard.history import CATEGORIES, UNCERTAIN, Stretch
from dashboard.records import Mark, Room, Totals, Window
from dashboard.store import Store
from dashboard.timetable import Period

LONGEST: Final = timedelta(hours=24)
_MOST_WINDOWS: Final = 100_000
_BINS: Final = 90
"""A chart has room for so many bars."""
_BIN_SECONDS: Final = (60, 120, 300, 600, 900, 1800)


@dataclass(frozen=True)
class Bin:
    """The people of one category in a minute or some, on average, from ``below`` to ``above``."""

    start: datetime
    end: datetime
    category: str
    people: float
    below: float
    above: float


@dataclass(frozen=True)
class Report:
    """A lesson.

    Attributes:
        until: its end, or now while it goes on.
        windows: the oldest first.
        hidden, missing: stretches with too few people to show numbers, and without any window.
        totals: people by category, added over the windows with numbers.
        ranges: emotion → its share of all people counted, and where it probably lies; None where
            nobody had a clear emotion, or nothing is known of the classifier.
    """

    room: Room
    period: Period
    until: datetime
    windows: tuple[Window, ...]
    marks: tuple[Mark, ...]
    hidden: tuple[Stretch, ...]
    missing: tuple[Stretch, ...]
    totals: Totals
    ranges: Mapping[str, Range] | None

    @property
    def average_people(self) -> float | None:
        """People counted on average; None where there are no numbers."""
        return average_people(self.totals)

    @property
    def counted_time(self) -> timedelta:
        """How long there were numbers."""
        return sum(
            (w.ended_at - w.started_at for w in self.windows if not w.suppressed), timedelta(0)
        )

    @property
    def hidden_time(self) -> timedelta:
        """How long too few people were in view."""
        return _length(self.hidden)

    @property
    def missing_time(self) -> timedelta:
        """How long nothing came."""
        return _length(self.missing)


def read(
    store: Store, room: Room, period: Period, known: Confusion | None, now: datetime
) -> Report:
    """Reads a lesson from the store; of one that goes on, what there is up to now.

    Raises:
        StoreError: when the store does not answer.
    """
    where = room.site, room.device
    end = min(period.end, now)
    windows = [
        w
        for w in store.windows(*where, period.start, until=end, limit=_MOST_WINDOWS)
        if w.started_at >= period.start - room.window_length / 2
    ]
    slack = room.window_length / 2
    totals = add_up(windows)
    return Report(
        room=room,
        period=period,
        until=end,
        windows=tuple(windows),
        marks=tuple(store.marks(*where, period.start, period.end)),
        hidden=tuple(history.hidden(windows, slack)),
        missing=tuple(history.gaps(windows, period.start, end, max(slack, room.window_length))),
        totals=totals,
        ranges=_ranges(windows, totals, known),
    )


def add_up(windows: Sequence[Window]) -> Totals:
    """The windows of a period, added up."""
    people = dict.fromkeys(CATEGORIES, 0)
    counted = [w for w in windows if w.counts is not None]
    for window in counted:
        for category, number in _people(window).items():
            people[category] += number
    return Totals(len(windows), len(counted), people)


def average_people(totals: Totals) -> float | None:
    """People counted on average; None where there are no numbers."""
    return sum(totals.people.values()) / totals.counted if totals.counted else None


def shares(totals: Totals) -> dict[str, float] | None:
    """Each category's share of all people counted, from 0 to 1; None where there are none."""
    everybody = sum(totals.people.values())
    if not everybody:
        return None
    return {category: totals.people[category] / everybody for category in CATEGORIES}


def bins(report: Report) -> list[Bin]:
    """Averages of a minute each, or of as many as the chart has room for."""
    whole = (report.until - report.period.start).total_seconds()
    seconds = next((s for s in _BIN_SECONDS if whole / s <= _BINS), _BIN_SECONDS[-1])
    step = timedelta(seconds=seconds)
    grouped: dict[int, list[Window]] = {}
    for window in report.windows:
        if window.counts is not None:
            middle = window.started_at + (window.ended_at - window.started_at) / 2
            grouped.setdefault((middle - report.period.start) // step, []).append(window)
    found = []
    for index, windows in sorted(grouped.items()):
        below, people = 0.0, add_up(windows).people
        start = report.period.start + index * step
        # Not wider than what was counted: the rest is a gap, or hidden.
        left = max(start, min(w.started_at for w in windows))
        right = min(start + step, max(w.ended_at for w in windows))
        for category in CATEGORIES:
            if people[category]:
                above = below + people[category] / len(windows)
                found.append(Bin(left, right, category, above - below, below, above))
                below = above
    return found


def _ranges(
    windows: Sequence[Window], totals: Totals, known: Confusion | None
) -> dict[str, Range] | None:
    everybody = sum(totals.people.values())
    clear = everybody - totals.people[UNCERTAIN]
    if known is None or not clear:
        return None
    counted = [w for w in windows if w.counts is not None]
    minutes = sum(((w.ended_at - w.started_at) for w in counted), timedelta(0)).total_seconds() / 60
    # One look a person and minute: nearer ones are not independent.
    found = confusion.ranges(totals.people, clear / len(counted) * max(1.0, minutes), known)
    part = clear / everybody
    return found and {
        emotion: Range(part * r.counted, part * r.low, part * r.high)
        for emotion, r in found.items()
    }


def _people(window: Window) -> dict[str, int]:
    return {**(window.counts or {}), UNCERTAIN: window.uncertain or 0}


def _length(stretches: Sequence[Stretch]) -> timedelta:
    return sum((s.ended_at - s.started_at for s in stretches), timedelta(0))
