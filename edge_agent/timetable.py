"""The hours in which the device counts; outside them its camera is released."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LESSON: Final = re.compile(
    rf"({'|'.join(_DAYS)})(?:-({'|'.join(_DAYS)}))? (\d\d):(\d\d)-(\d\d):(\d\d)"
)
_DAY_MINUTES: Final = 24 * 60
_FIRST_YEAR: Final = 2020


class Lesson(NamedTuple):
    """A stretch of some days of the week.

    Attributes:
        days: 0 is Monday.
        start, end: minutes since midnight, local time; the end is no longer part of it.
    """

    days: frozenset[int]
    start: int
    end: int

    def holds(self, now: datetime) -> bool:
        """Whether a local moment lies in it."""
        return now.weekday() in self.days and self.start <= 60 * now.hour + now.minute < self.end


def parse_lesson(text: str) -> Lesson:
    """Reads ``mon-fri 08:00-12:30`` or ``sat 09:00-24:00``.

    Raises:
        ValueError: with what was expected and what came.
    """
    match = _LESSON.fullmatch(text)
    if match is None:
        raise ValueError(f"expected days and hours like 'mon-fri 08:00-12:30', got {text!r}")
    first, last, *clock = match.groups()
    hours_and_minutes = [int(part) for part in clock]
    start, end = (60 * hour + minute for hour, minute in _pairs(hours_and_minutes))
    if max(hours_and_minutes[1::2]) > 59 or not start < end <= _DAY_MINUTES:
        raise ValueError(f"expected hours from 00:00 to 24:00, the earlier first, got {text!r}")
    begin = _DAYS.index(first)
    length = (_DAYS.index(last or first) - begin) % 7
    return Lesson(frozenset((begin + day) % 7 for day in range(length + 1)), start, end)


def _pairs(values: list[int]) -> list[tuple[int, int]]:
    return list(zip(values[::2], values[1::2], strict=True))


class Timetable:
    """All lessons of a week.

    Args:
        lessons: in the form that `parse_lesson` reads; none means always.

    Raises:
        ValueError: for a lesson of another form.
    """

    def __init__(self, lessons: Iterable[str]) -> None:
        self._lessons = [parse_lesson(lesson) for lesson in lessons]

    def active(self, now: datetime) -> bool:
        """Whether to count at a local moment.

        A device whose clock was never set cannot know, and does not count.
        """
        if not self._lessons:
            return True
        return now.year >= _FIRST_YEAR and any(lesson.holds(now) for lesson in self._lessons)
