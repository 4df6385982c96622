"""Which lessons a room can tell of, in a real store of either kind."""

from datetime import datetime, timedelta, timezone

import pytest

from dashboard import periods
from dashboard.records import Room
from dashboard.store import Store
from dashboard.timetable import Period, Timetable
from tests.dashboard.pages import ROOM, SITE, fill_lesson

UTC = timezone.utc
MONDAY = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
NOW = MONDAY + timedelta(days=9, hours=6)
MATHS = Timetable(
    {
        "lessons": [
            {"name": "Maths", "when": ["mon-fri 08:00-08:45"]},
            {"name": "Art", "when": ["mon 09:00-09:45"]},
        ]
    }
)


@pytest.fixture
def store_url(each_store_url: str) -> str:
    return each_store_url


@pytest.fixture
def room(store: Store) -> Room:
    """Lessons on two Mondays, and on the Tuesday between."""
    for seed, days, hours in ((1, 0, 0), (2, 0, 1), (3, 1, 0), (4, 7, 0)):
        start = MONDAY + timedelta(days=days, hours=hours)
        fill_lesson(store, start, 45, seed=seed)
    (known,) = store.rooms()
    return known


def lesson(days: int, hour: int = 8, name: str = "") -> Period:
    start = MONDAY.replace(hour=hour) + timedelta(days=days)
    return Period(start, start + timedelta(minutes=45), name)


def test_without_a_timetable_lessons_are_stretches_of_counting(store: Store, room: Room) -> None:
    expected = [lesson(7), lesson(1), lesson(0, 9), lesson(0)]
    assert periods.recent(store, room, None, NOW, UTC) == expected
    # The one that goes on ends with its newest window.
    now = MONDAY + timedelta(minutes=20)
    assert periods.recent(store, room, None, now, UTC) == [Period(MONDAY, now)]


def test_a_short_pause_does_not_end_a_stretch_and_a_day_of_counting_is_cut(store: Store) -> None:
    fill_lesson(store, MONDAY, 60, seed=1, missing=(0.5, 0.55))
    fill_lesson(store, MONDAY + timedelta(days=1), 6 * 60, seed=2)
    (room,) = store.rooms()
    found = periods.recent(store, room, None, NOW, UTC)
    assert found[-1] == Period(MONDAY, MONDAY + timedelta(hours=1))
    day = [period for period in found if period.start.date() == (MONDAY + timedelta(days=1)).date()]
    assert len(day) == 2
    assert day[-1].start == MONDAY + timedelta(days=1)
    assert day[0].end == MONDAY + timedelta(days=1, hours=6)


def test_a_timetable_names_the_lessons_that_were_counted(store: Store, room: Room) -> None:
    assert periods.recent(store, room, MATHS, NOW, UTC) == [
        lesson(7, name="Maths"),
        lesson(1, name="Maths"),
        lesson(0, 9, "Art"),
        lesson(0, name="Maths"),
    ]


def test_a_timetable_without_a_counted_lesson_leaves_the_stretches(
    store: Store, room: Room
) -> None:
    other = Timetable({"lessons": [{"name": "Sport", "when": ["sat 08:00-09:00"]}]})
    assert len(periods.recent(store, room, other, NOW, UTC)) == 4


def test_a_lesson_is_compared_with_those_of_its_name_or_hours(store: Store, room: Room) -> None:
    named = periods.others(store, room, lesson(7, name="Maths"), MATHS, NOW, UTC)
    assert named == [lesson(1, name="Maths"), lesson(0, name="Maths")]
    assert periods.others(store, room, lesson(1), None, NOW, UTC) == [lesson(7), lesson(0)]
    assert periods.others(store, room, lesson(0, 9, "Art"), MATHS, NOW, UTC) == []


def test_a_room_that_never_counted_has_none(store: Store) -> None:
    nothing = store.room(SITE, ROOM)
    assert periods.recent(store, nothing, None, NOW, UTC) == []
    assert periods.recent(store, nothing, MATHS, NOW, UTC) == []
