"""Whoever looks at a page, and which rooms they may see."""

import re
from dataclasses import dataclass
from typing import Final, Literal

Role = Literal["teacher", "administrator"]
ROLES: Final[tuple[Role, ...]] = ("teacher", "administrator")
_NAME: Final = re.compile(r"[a-z0-9](-?[a-z0-9])*")


@dataclass(frozen=True)
class Person:
    """Whoever looks at a page.

    Attributes:
        name: as in the accounts; empty where no login is set up.
        is_administrator: sees every room.
        rooms: what a teacher sees: ``site/device``, or ``site/*`` for all rooms of a site.
    """

    name: str
    is_administrator: bool
    rooms: tuple[str, ...] = ()

    def may_see(self, room: str) -> bool:
        """Whether a room, ``site/device``, is theirs to see, to pause and to export."""
        site, _, _ = room.partition("/")
        return self.is_administrator or room in self.rooms or f"{site}/*" in self.rooms


THIS_MACHINE: Final = Person("", is_administrator=True)
"""Whoever sits at the machine, where no login is set up and nothing listens beyond it."""


def is_room_pattern(text: str) -> bool:
    """Whether a text is ``site/device`` or ``site/*``."""
    site, _, device = text.partition("/")
    return bool(_NAME.fullmatch(site) and (device == "*" or _NAME.fullmatch(device)))
