"""What one test of a device found."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "failed"]


@dataclass(frozen=True)
class Finding:
    """A line of `check`.

    Attributes:
        subject: what was tested.
        level: a warning is worth a look; with what has failed the agent does not work.
        text: what came, and unless it is ok, what to do.
    """

    subject: str
    level: Level
    text: str

    def __str__(self) -> str:
        return f"{self.level:<8} {self.subject:<13} {self.text}"
