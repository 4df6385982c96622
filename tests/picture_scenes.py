"""What is photographed beside each page: rooms in other states, other words, and paper."""

import base64
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Final, NamedTuple

from selenium import webdriver

from dashboard import confusion, printed, report
from dashboard.store import Store
from dashboard.texts import LANGUAGES
from dashboard.timetable import Period
from tests.dashboard.conftest import batch_for
from tests.dashboard.pages import ROOM, SITE, fill_lesson, status

PAUSED, OFFLINE, STALE, HIDDEN, NIGHT = (f"room-2{number}" for number in range(5))
_PAPER: Final = {"paperWidth": 8.27, "paperHeight": 11.69, "printBackground": True}


class Scene(NamedTuple):
    """A page in a state.

    Attributes:
        room: its device.
        language: of the words.
        more: parameters of the address.
    """

    page: str
    room: str
    language: str = "en"
    more: str = ""


def scenes(midnight: datetime) -> dict[str, Scene]:
    """What a picture is called, and what it shows.

    Args:
        midnight: within the lesson of the room `NIGHT`.
    """
    start, end = midnight - timedelta(minutes=30), midnight + timedelta(minutes=30)
    night = f"&from={start:%Y-%m-%dT%H:%M}&to={end:%Y-%m-%dT%H:%M}"
    rooms = {"paused": PAUSED, "offline": OFFLINE, "stale": STALE, "hidden": HIDDEN}
    states = {
        f"live-{state}{'-' + tag if tag != 'en' else ''}": Scene("live", room, tag)
        for tag in LANGUAGES
        for state, room in rooms.items()
    }
    pages = ("live", "lesson", "devices", "try-it", "about")
    german = {f"{page}-de": Scene(page, ROOM, "de") for page in pages}
    return {**states, **german, "lesson-midnight": Scene("lesson", NIGHT, "en", night)}


def last_midnight() -> datetime:
    """That of this morning, by this process's own clock."""
    return datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)


def fill(store: Store, now: datetime) -> None:
    """Rooms that have no numbers now, and one with a lesson over the last midnight."""
    earlier = now - timedelta(minutes=6)
    for room, state, reason in (
        (PAUSED, "paused", "command_pause"),
        (OFFLINE, "offline", "connection_lost"),
        (STALE, "online", "started"),
    ):
        fill_lesson(store, earlier, 4, seed=3, device=room)
        with batch_for(store) as batch:
            batch.set_status(SITE, room, status(state, reason), now - timedelta(minutes=2))
    fill_lesson(store, earlier, 6, seed=3, device=HIDDEN, hidden=(0.7, 1.0))
    night = (last_midnight() - timedelta(minutes=30)).astimezone(timezone.utc)
    fill_lesson(store, night, 60, seed=6, device=NIGHT, hidden=(0.4, 0.55), missing=(0.8, 0.9))
    for minutes, text in ((10, "Looking for the Plough"), (35, "Moonrise")):
        store.add_mark(SITE, NIGHT, night + timedelta(minutes=minutes), text)


def draw_paper(chrome: webdriver.Chrome, store_url: str, start: datetime, folder: Path) -> None:
    """The report of a lesson as it is printed, in each language, as HTML and PDF."""
    store = Store(store_url)
    room = store.room(SITE, ROOM)
    period = Period(start, start + timedelta(minutes=45), "Maths 7b")
    now = datetime.now(timezone.utc)
    lesson = report.read(store, room, period, confusion.released(), now)
    others = []
    for back in range(1, 5):
        first, last = (moment - timedelta(days=back) for moment in (period.start, period.end))
        name = f"{first.astimezone():%d.%m. %H:%M}"
        others.append((name, store.totals(SITE, ROOM, first, last)))
    store.close()
    for tag, texts in LANGUAGES.items():
        file = folder / f"printed-{tag}.html"
        file.write_bytes(printed.html(lesson, others, None, tag, texts))
        chrome.get(file.resolve().as_uri())
        paper = chrome.execute_cdp_cmd("Page.printToPDF", _PAPER)
        file.with_suffix(".pdf").write_bytes(base64.b64decode(paper["data"]))
