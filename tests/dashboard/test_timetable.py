"""The school's lessons: a small file, and what it says about a day."""

from datetime import date, datetime, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dashboard import timetable
from dashboard.timetable import Period, Timetable, TimetableError

BERLIN = ZoneInfo("Europe/Berlin")
MATHS = {"name": "Maths 7b", "rooms": ["school-a/room-12"], "when": ["mon-tue 08:00-08:45"]}
HOMEROOM = {"name": "Homeroom", "when": ["mon 10:00-10:30", "fri 23:00-24:00"]}


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 1, day, hour, minute, tzinfo=BERLIN)


def test_lessons_of_a_day_in_a_room() -> None:
    known = Timetable({"lessons": [HOMEROOM, MATHS]})
    monday, friday = date(2026, 1, 5), date(2026, 1, 9)
    maths = Period(at(5, 8), at(5, 8, 45), "Maths 7b")
    homeroom = Period(at(5, 10), at(5, 10, 30), "Homeroom")
    assert known.of_day("school-a/room-12", monday, BERLIN) == [maths, homeroom]
    assert known.of_day("school-a/room-13", monday, BERLIN) == [homeroom]
    assert known.of_day("school-a/room-12", friday, BERLIN) == [
        Period(at(9, 23), at(10, 0), "Homeroom")
    ]


def test_hours_are_those_of_the_wall_in_summer_and_winter() -> None:
    known = Timetable({"lessons": [{"name": "Maths", "when": ["mon-sun 08:00-08:45"]}]})
    (winter,), (summer,) = (
        known.of_day("a/b", day, BERLIN) for day in (date(2026, 1, 5), date(2026, 7, 6))
    )
    assert (winter.start.astimezone(timezone.utc).hour, winter.start.hour) == (7, 8)
    assert (summer.start.astimezone(timezone.utc).hour, summer.start.hour) == (6, 8)


def test_lessons_that_have_begun_the_latest_first() -> None:
    known = Timetable({"lessons": [HOMEROOM, MATHS]})
    found = known.before("school-a/room-12", at(6, 8, 10), BERLIN, days=2)
    assert [(p.name, p.start.day) for p in found] == [
        ("Maths 7b", 6),
        ("Homeroom", 5),
        ("Maths 7b", 5),
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("lessons: [", "expected YAML"),
        ("", "expected lessons with name, when and rooms"),
        ("lessons: [{name: Maths}]", "lessons.0.when: Field required"),
        ("lessons: [{name: Maths, when: [monday 8-9]}]", "expected days and hours like"),
        ("lessons: [{name: '', when: [mon 08:00-09:00]}]", "lessons.0.name"),
        ("lessons: [{name: Maths, when: [mon 08:00-09:00], teacher: x}]", "teacher"),
        ("lessons: !!python/object/apply:os.getcwd []", "expected YAML"),
    ],
)
def test_what_is_no_timetable_is_one_sentence(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "lessons.yaml"
    path.write_text(content)
    with pytest.raises(TimetableError, match=words) as raised:
        timetable.read(path)
    assert "\n" not in str(raised.value)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(TimetableError, match="expected a timetable in"):
        timetable.read(tmp_path / "lessons.yaml")
