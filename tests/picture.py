"""Photographs every page: ``python -m tests.picture FOLDER [--readme docs]``.

A simulated school, with nobody in it, is shown by the real pages beside a real broker; Chromium
takes each page on a phone, a laptop and a projector, light and dark, and as a whole, then what
is in `picture_scenes`.
"""

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from selenium import webdriver
from tqdm import tqdm

from dashboard.store import Store
from edge_agent.emotions import EMOTIONS
from tests import picture_scenes
from tests.browser import chromium, prefer_colours, require_chromium, resize, settle
from tests.dashboard.conftest import batch_for, running_dashboard
from tests.dashboard.device_messages import WINDOW, health
from tests.dashboard.pages import ROOM, SITE, Device, device, fill_lesson, running_pages
from tests.support import free_port, running_mosquitto

SIZES = {"phone": (390, 844), "laptop": (1280, 800), "projector": (1920, 1080)}
PAGES = {
    "live": "",
    "lesson": "lesson-report",
    "devices": "all-devices",
    "try-it": "try-it",
    "about": "about-the-figures",
}
README = {"live": "dashboard.png", "lesson": "lesson-report.png"}
"""Pages in the README, on a light laptop."""
_FORM = "%Y-%m-%dT%H:%M"
TIMETABLE = """
lessons:
  - name: Maths 7b
    when: [mon-sun {hours}]
"""


def main(folder: Path, readme: Path | None) -> None:
    """Fills a store, starts everything, and takes all pictures."""
    require_chromium()
    be_at_ten()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, running_school(Path(name)) as (address, day):
        lesson = f"&from={day:{_FORM}}&to={day + timedelta(minutes=45):{_FORM}}"
        for theme in ("light", "dark"):
            with chromium(Path(name) / theme, width=1280, height=800) as chrome:
                prefer_colours(chrome, theme)
                jobs = [(page, size) for page in PAGES for size in SIZES]
                for page, size in tqdm(jobs, desc=theme, unit="picture"):
                    resize(chrome, *SIZES[size])
                    chrome.get(f"{address}/{PAGES[page]}?room={SITE}/{ROOM}&lang=en{lesson}")
                    settle(chrome)
                    picture = folder / f"{page}-{size}-{theme}.png"
                    chrome.save_screenshot(str(picture))
                    if readme and page in README and (size, theme) == ("laptop", "light"):
                        chrome.save_screenshot(str(readme / README[page]))
                    _whole(chrome, SIZES[size][0], folder / f"{page}-{size}-{theme}-whole.png")
        with chromium(Path(name) / "scenes", width=1280, height=800) as chrome:
            prefer_colours(chrome, "light")
            scenes = picture_scenes.scenes(picture_scenes.last_midnight())
            for called, scene in tqdm(scenes.items(), desc="scenes", unit="scene"):
                query = f"room={SITE}/{scene.room}&lang={scene.language}{scene.more}"
                for size in SIZES:
                    resize(chrome, *SIZES[size])
                    chrome.get(f"{address}/{PAGES[scene.page]}?{query}")
                    settle(chrome)
                    chrome.save_screenshot(str(folder / f"{called}-{size}.png"))
                    if scene.page != "live":
                        _whole(chrome, SIZES[size][0], folder / f"{called}-{size}-whole.png")
            picture_scenes.draw_paper(chrome, f"sqlite:///{name}/counts.db", day, folder)


def be_at_ten() -> None:
    """Moves this process, and those it starts, to where it is about ten in the morning."""
    west = (datetime.now(timezone.utc).hour - 10 + 12) % 24 - 12
    os.environ["TZ"] = f"Etc/GMT{west:+d}"  # by the sign of POSIX, west is positive
    time.tzset()


@contextmanager
def running_school(folder: Path) -> Iterator[tuple[str, datetime]]:
    """Broker, recorder, pages, a device at work, and a week of lessons.

    Yields:
        The address, and when the lesson of the day before begins, by this process's clock.
    """
    port, url = free_port(), f"sqlite:///{folder}/counts.db"
    now = datetime.now(timezone.utc)
    begins = (now - timedelta(minutes=20)).replace(second=0, microsecond=0)
    local, timetable = begins.astimezone(), folder / "timetable.yaml"
    ends = local + timedelta(minutes=45)
    timetable.write_text(TIMETABLE.format(hours=f"{local:%H:%M}-{ends:%H:%M}"))
    fill(Store(url), begins, now)
    broker = f"mqtt://127.0.0.1:{port}"
    stop = threading.Event()
    with (
        running_mosquitto(folder / "mosquitto", port),
        running_dashboard("record", "--broker", broker, "--store", url),
        device(port) as one,
        device(port, device=picture_scenes.HIDDEN) as few,
        running_pages("--store", url, "--broker", broker, "--timetable", str(timetable)) as address,
    ):
        counting = threading.Thread(target=count, args=(one, few, stop))
        counting.start()
        try:
            yield address, (begins - timedelta(days=1)).astimezone()
        finally:
            stop.set()
            counting.join()


def count(one: Device, few: Device, stop: threading.Event) -> None:
    """Publishes a window every five seconds: of about twenty people, and of too few to show."""
    chance = np.random.default_rng(1)
    while not stop.is_set():
        people = chance.multinomial(21, (0.01, 0.01, 0.02, 0.3, 0.46, 0.05, 0.05, 0.1))
        numbers = dict(zip(EMOTIONS, map(int, people), strict=False))
        one.put(uncertain=int(people[-1]), **numbers)
        few.put(suppressed=True)
        stop.wait(WINDOW.total_seconds())


def fill(store: Store, begins: datetime, now: datetime) -> None:
    """Lessons of some days, the one that goes on, its marks, and some more rooms."""
    for back in range(1, 7):
        start = begins - timedelta(days=back)
        hidden = (0.0, 0.08) if back % 2 else None
        missing = (0.62, 0.7) if back == 1 else None
        fill_lesson(store, start, 45, seed=10 + back, hidden=hidden, missing=missing)
        for minutes, text in ((12, "Group work starts"), (31, "Short test")):
            store.add_mark(SITE, ROOM, start + timedelta(minutes=minutes), text)
    going = (now - begins).total_seconds() / 60
    fill_lesson(store, begins, going, seed=2, hidden=(0.75, 0.79), missing=(0.86, 0.9))
    for number in (13, 14):
        fill_lesson(store, begins, going, seed=number, device=f"room-{number}")
    with batch_for(store) as batch:
        for number in (12, 13, 14):
            batch.set_health(SITE, f"room-{number}", health(), now)
    picture_scenes.fill(store, now)
    store.close()


def _whole(chrome: webdriver.Chrome, width: int, picture: Path) -> None:
    script = "return document.querySelector('[data-testid=\"stMain\"]').scrollHeight"
    resize(chrome, width, min(6000, int(chrome.execute_script(script)) + 10))
    settle(chrome)
    chrome.save_screenshot(str(picture))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.picture", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("--readme", type=Path, help="a folder for the README's pictures")
    options = parser.parse_args()
    try:
        main(options.folder, options.readme)
    except pytest.skip.Exception as reason:
        sys.exit(str(reason))
