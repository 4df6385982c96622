"""Every word that the pages show, in each of their languages, side by side in one file a page.

A language is a `Texts`: one that lacks a word does not even load. Who adds a language adds a
constant to each file beside this one, and a line to `LANGUAGES`.
"""

from dataclasses import dataclass
from typing import Final

from dashboard.texts import about, common, devices, lesson, live, login, try_it


@dataclass(frozen=True, eq=False)
class Texts:
    """All words of one language, page by page.

    Attributes:
        name: of the language, in itself.
    """

    name: str
    common: common.Common
    live: live.Live
    lesson: lesson.Lesson
    devices: devices.Devices
    try_it: try_it.TryIt
    about: about.About
    login: login.Login


ENGLISH: Final = Texts(
    "English",
    common.ENGLISH,
    live.ENGLISH,
    lesson.ENGLISH,
    devices.ENGLISH,
    try_it.ENGLISH,
    about.ENGLISH,
    login.ENGLISH,
)
GERMAN: Final = Texts(
    "Deutsch",
    common.GERMAN,
    live.GERMAN,
    lesson.GERMAN,
    devices.GERMAN,
    try_it.GERMAN,
    about.GERMAN,
    login.GERMAN,
)
LANGUAGES: Final[dict[str, Texts]] = {"en": ENGLISH, "de": GERMAN}
"""Language tag → its words; the first is taken where nobody asks for another."""
