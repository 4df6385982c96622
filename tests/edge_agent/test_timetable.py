"""Counting keeps to the hours of the lessons."""

from datetime import datetime

import pytest

from edge_agent.config import validate
from edge_agent.errors import ConfigError
from edge_agent.timetable import Timetable

MONDAY, FRIDAY, SATURDAY, SUNDAY = 5, 9, 10, 11  # of January 2026


def at(day: int, clock: str) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 1, day, hour, minute)


def test_without_lessons_it_is_always_time() -> None:
    assert Timetable([]).active(at(SUNDAY, "03:00"))
    assert Timetable([]).active(datetime(1970, 1, 1))


@pytest.mark.parametrize(
    ("day", "clock", "active"),
    [
        (MONDAY, "07:59", False),
        (MONDAY, "08:00", True),
        (MONDAY, "12:29", True),
        (MONDAY, "12:30", False),
        (MONDAY, "13:15", True),
        (FRIDAY, "08:00", True),
        (FRIDAY, "13:15", False),
        (SATURDAY, "10:00", False),
        (SUNDAY, "23:59", True),
    ],
)
def test_a_lesson_begins_and_ends_with_its_minute(day: int, clock: str, active: bool) -> None:
    week = Timetable(["mon-fri 08:00-12:30", "mon 13:15-14:00", "sun 20:00-24:00"])
    assert week.active(at(day, clock)) is active


def test_days_may_go_on_into_the_next_week() -> None:
    weekend = Timetable(["fri-mon 08:00-09:00"])
    found = [day for day in range(MONDAY, SUNDAY + 1) if weekend.active(at(day, "08:30"))]
    assert found == [MONDAY, FRIDAY, SATURDAY, SUNDAY]


def test_a_device_that_does_not_know_the_time_does_not_count() -> None:
    assert not Timetable(["mon-sun 00:00-24:00"]).active(datetime(1970, 1, 1, 8, 30))


@pytest.mark.parametrize(
    ("lesson", "words"),
    [
        ("mon 8:00-9:00", "expected days and hours like 'mon-fri 08:00-12:30', got 'mon 8:00-9"),
        ("monday 08:00-09:00", "expected days and hours"),
        ("08:00-09:00", "expected days and hours"),
        ("mon 08:00-08:00", "the earlier first, got 'mon 08:00-08:00'"),
        ("mon 20:00-06:00", "the earlier first"),
        ("mon 08:60-09:00", "expected hours from 00:00 to 24:00"),
        ("mon 08:00-24:01", "expected hours from 00:00 to 24:00"),
    ],
)
def test_a_mistake_is_told(lesson: str, words: str) -> None:
    with pytest.raises(ConfigError, match=f"timetable.active: .*{words}"):
        validate({"timetable": {"active": [lesson]}}, name="x")
