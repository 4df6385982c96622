"""Words of the lesson report."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Lesson:
    """Words of the lesson report."""

    heading: str


ENGLISH: Final = Lesson(
    heading="What happened in a lesson",
)
GERMAN: Final = Lesson(
    heading="Was in einer Stunde geschah",
)
