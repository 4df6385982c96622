"""The school's lessons: read from a small file, and found on the calendar."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import Annotated, Any, Final

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
)

from edge_agent.messages import describe
from edge_agent.timetable import parse_lesson

MOST_LESSONS: Final = 2000

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


class TimetableError(ValueError):
    """A timetable that cannot be used; one sentence says what to change."""


@dataclass(frozen=True)
class Period:
    """A stretch of time in a room; ``name`` is the lesson's, or empty."""

    start: datetime
    end: datetime
    name: str = ""


class _Lesson(BaseModel):
    """A lesson of every week."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    rooms: Annotated[list[str], Field(max_length=MOST_LESSONS)] = []
    when: Annotated[list[str], Field(min_length=1, max_length=100)]

    @field_validator("when")
    @classmethod
    def _readable(cls, when: list[str]) -> list[str]:
        for text in when:
            parse_lesson(text)
        return when


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    lessons: Annotated[list[_Lesson], Field(max_length=MOST_LESSONS)]


class Timetable:
    """Every week's lessons by room."""

    def __init__(self, content: Any) -> None:
        """Checks what a file holds.

        Raises:
            ValidationError: for another form than ``{"lessons": [{"name", "rooms", "when"}]}``.
        """
        self._lessons = [
            (lesson.name, frozenset(lesson.rooms), parse_lesson(text))
            for lesson in _File.model_validate(content).lessons
            for text in lesson.when
        ]

    def of_day(self, room: str, day: date, zone: tzinfo | None) -> list[Period]:
        """The lessons in a room on a day of a time zone, the earliest first.

        Args:
            room: ``site/device``.
            zone: None is this machine's.
        """
        found = [
            Period(_moment(day, lesson.start, zone), _moment(day, lesson.end, zone), name)
            for name, rooms, lesson in self._lessons
            if day.weekday() in lesson.days and (not rooms or room in rooms)
        ]
        return sorted(found, key=lambda period: (period.start, period.end, period.name))

    def before(self, room: str, now: datetime, zone: tzinfo | None, days: int) -> Iterator[Period]:
        """The lessons in a room that have begun, the latest first, of so many days."""
        today = now.astimezone(zone).date()
        for back in range(days):
            for period in reversed(self.of_day(room, today - timedelta(days=back), zone)):
                if period.start <= now:
                    yield period


def read(path: Path) -> Timetable:
    """Reads a timetable.

    Raises:
        TimetableError: where there is none, or it has another form.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Timetable(content)
    except (OSError, UnicodeDecodeError) as error:
        raise TimetableError(f"expected a timetable in {path}, got: {error}") from error
    except yaml.YAMLError as error:
        first = str(error).replace("\n", " ")
        raise TimetableError(f"{path}: expected YAML, got: {first}") from error
    except ValidationError as error:
        raise TimetableError(
            f"{path}: expected lessons with name, when and rooms; {describe(error)}"
        ) from error


def _moment(day: date, minutes: int, zone: tzinfo | None) -> datetime:
    # The end of a day is the next one's beginning. By the clock on the wall, also when it is set.
    day, minutes = day + timedelta(days=minutes // 1440), minutes % 1440
    wall = datetime.combine(day, time(minutes // 60, minutes % 60))
    return wall.astimezone() if zone is None else wall.replace(tzinfo=zone)
