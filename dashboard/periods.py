"""Finds the lessons that a room can tell of: by the timetable, or by when it was counted."""

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from itertools import islice
from typing import Final

from dashboard.records import Room
from dashboard.store import Ends, Store
from dashboard.timetable import Period, Timetable

OFFERED: Final = 12
"""So many lessons are offered, the latest first."""
COMPARED: Final = 8
"""So many other lessons a lesson is compared with."""
_DAYS_BACK: Final = 60
_STEP: Final = timedelta(minutes=5)
"""A pause of twice as long surely ends a stretch; one that is shorter does not."""
_LONGEST: Final = timedelta(hours=4)
_MOST_STEPS: Final = 120
"""Enough for a dozen lessons, or two days of counting without a pause."""


def recent(
    store: Store, room: Room, timetable: Timetable | None, now: datetime, zone: tzinfo | None
) -> list[Period]:
    """A room's last lessons of which there are windows, the latest first.

    Raises:
        StoreError: when the store does not answer.
    """
    with store.ends(room.site, room.device) as ends:
        if timetable is not None:
            lessons = timetable.before(room.name, now, zone, _DAYS_BACK)
            found = list(islice((p for p in lessons if _has_windows(ends, p)), OFFERED))
            if found:
                return found
        return list(islice(_stretches(ends, room.window_length, now), OFFERED))


def others(
    store: Store,
    room: Room,
    period: Period,
    timetable: Timetable | None,
    now: datetime,
    zone: tzinfo | None,
) -> list[Period]:
    """Other lessons of the room to compare one with, the latest first.

    Those of the same name where the timetable knows it, else the same hours of other days.
    """
    if timetable is not None and period.name:
        lessons: Iterator[Period] = (
            other
            for other in timetable.before(room.name, now, zone, _DAYS_BACK)
            if other.name == period.name and other.start != period.start
        )
    else:
        lessons = _same_hours(period, now, zone)
    with store.ends(room.site, room.device) as ends:
        return list(islice((p for p in lessons if _has_windows(ends, p)), COMPARED))


def _same_hours(period: Period, now: datetime, zone: tzinfo | None) -> Iterator[Period]:
    start, end = (moment.astimezone(zone) for moment in (period.start, period.end))
    for back in range(-_DAYS_BACK // 2, _DAYS_BACK):
        if back != 0:
            days = timedelta(days=back)
            # Arithmetic on the wall's clock.
            other = Period(start - days, end - days)
            if other.start <= now:
                yield other


def _has_windows(ends: Ends, period: Period) -> bool:
    last = ends.last(period.end)
    return last is not None and last > period.start


def _stretches(ends: Ends, length: timedelta, now: datetime) -> Iterator[Period]:
    """Stretches without a longer pause, looked up in steps: one look at the index each."""
    end = ends.last(now)
    reached, steps = end, 0
    while end is not None and reached is not None and steps < _MOST_STEPS:
        steps += 1
        before = ends.last(reached - _STEP)
        pause = before is None or before < reached - 2 * _STEP
        if pause or end - reached >= _LONGEST:
            first = reached
            if pause:
                first = ends.first(before) or reached
            yield Period(_minute(first - length), _minute(end, up=True))
            end = before
        reached = before


def _minute(moment: datetime, *, up: bool = False) -> datetime:
    whole = moment.replace(second=0, microsecond=0)
    return whole + timedelta(minutes=1) if up and whole != moment else whole
