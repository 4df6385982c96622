"""The pages in a real browser, beside a real broker, recorder and device."""

import contextlib
import time
import urllib.parse
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from dashboard.store import Store
from dashboard.texts import ENGLISH, GERMAN
from tests.browser import chromium, prefer_colours, require_chromium, resize, text_of
from tests.dashboard.conftest import running_dashboard
from tests.dashboard.pages import (
    ROOM,
    SITE,
    Device,
    device,
    fill_lesson,
    fill_recent,
    running_pages,
    status,
)
from tests.support import PATIENCE_SECONDS, await_true

pytestmark = [pytest.mark.browser, pytest.mark.mosquitto]
LIVE = ENGLISH.live
_CLICK_SECONDS = 10.0
_SPEAK_SECONDS = 4.0


class School:
    """What a test drives: the browser, the device, the store, and where the pages are."""

    def __init__(self, address: str, chrome: webdriver.Chrome, one: Device, store: Store) -> None:
        self.address, self.chrome, self.device, self.store = address, chrome, one, store

    def open(self, path: str = "", **parameters: str) -> None:
        query = urllib.parse.urlencode({"room": f"{SITE}/{ROOM}", "lang": "en", **parameters})
        self.chrome.get(f"{self.address}/{path}?{query}")

    def shows(self, words: str, key: str | None = None) -> bool:
        if key is None:
            return words in str(self.chrome.execute_script("return document.body.innerText"))
        return words in text_of(self.chrome, key)

    def await_shown(self, parts: dict[str, str], **window: Any) -> None:
        """Waits for words in parts of the page, the device speaking on: old numbers are hidden."""
        spoken = 0.0

        def shown() -> bool:
            nonlocal spoken
            if time.monotonic() >= spoken + _SPEAK_SECONDS:
                self.device.put(**window)
                spoken = time.monotonic()
            return all(self.shows(words, key) for key, words in parts.items())

        await_true(shown)

    def press(self, key: str) -> None:
        await_true(lambda: self._try(f".st-key-{key} button", lambda button: button.click()))

    def type(self, key: str, text: str) -> None:
        await_true(lambda: self._try(f".st-key-{key} input", lambda field: field.send_keys(text)))

    def follow(self, key: str, arrived: Callable[[], bool]) -> None:
        """Presses a link until it has led somewhere: a page drawn anew can swallow a click."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            self._try(f".st-key-{key} a", lambda link: link.click())
            with contextlib.suppress(AssertionError):
                await_true(arrived, patience=_CLICK_SECONDS)
                return
            assert time.monotonic() < until, f"the link {key} led nowhere"

    def _try(self, selector: str, action: Callable[[WebElement], None]) -> bool:
        with contextlib.suppress(WebDriverException):  # not there yet, or drawn anew just now
            action(self.chrome.find_element(By.CSS_SELECTOR, selector))
            return True
        return False


@pytest.fixture
def school(mosquitto: int, store: Store, store_url: str, tmp_path: Path) -> Iterator[School]:
    require_chromium()
    fill_recent(store, datetime.now(timezone.utc) - timedelta(seconds=20))
    broker = f"mqtt://127.0.0.1:{mosquitto}"
    with (
        running_dashboard("record", "--broker", broker, "--store", store_url),
        running_pages("--store", store_url, "--broker", broker) as address,
        device(mosquitto) as one,
        chromium(tmp_path / "profile", width=1280, height=800) as chrome,
    ):
        await_true(lambda: any(recorder.connected for recorder in store.recorders()))
        yield School(address, chrome, one, store)


def test_live_numbers_come_and_a_device_is_paused_and_resumed(school: School) -> None:
    school.open()
    tiles = {"emotion-happy": "4", "emotion-angry-none": "0", "device-state": "Online"}
    school.await_shown({"people-now": "7", **tiles}, happy=4, uncertain=3)
    await_true(lambda: not school.shows(LIVE.not_kept))
    hidden = {"notice": "Fewer than 3 people", "people-now": ENGLISH.common.no_number}
    school.await_shown(hidden, suppressed=True)
    school.await_shown({"people-now": "9"}, happy=9, uncertain=0)

    school.press("pause-or-resume")
    await_true(lambda: school.shows(LIVE.paused[0], "notice"))
    await_true(lambda: school.shows(LIVE.resume, "pause-or-resume"))
    await_true(lambda: school.shows("Paused", "device-state"))
    school.press("pause-or-resume")
    await_true(lambda: school.shows("Online", "device-state"))
    assert school.device.commands == ["pause", "resume"]

    school.device.obedient = False
    school.press("pause-or-resume")
    await_true(lambda: len(school.device.commands) == 3)
    await_true(lambda: school.shows(LIVE.outcomes["no_answer"], "command-outcome"))
    school.device.say(status("paused", "schedule_pause"))
    await_true(lambda: school.shows(LIVE.by_reason["schedule_pause"], "notice"))
    school.press("pause-or-resume")
    await_true(lambda: len(school.device.commands) == 4)
    school.device.say(status("paused", "schedule_pause"))
    await_true(lambda: school.shows(LIVE.outcomes["still_paused"], "command-outcome"))


def test_a_lesson_is_read_marked_and_kept(school: School, tmp_path: Path) -> None:
    chrome = school.chrome
    begins = (datetime.now(timezone.utc) - timedelta(hours=3)).replace(second=0, microsecond=0)
    if begins.astimezone().hour == 23:
        begins -= timedelta(hours=1)  # no lesson lasts until the next day
    fill_lesson(school.store, begins, 40, seed=8, hidden=(0.1, 0.3))
    # By the menu, from the page that a teacher has open.
    school.device.put()
    school.open()
    await_true(lambda: school.shows(LIVE.to_report, "to-report"))
    school.follow("to-report", lambda: school.shows(ENGLISH.lesson.timeline))
    await_true(lambda: school.shows("Mostly counted as", "lesson-summary"))

    # Any period by its address, and by keyboard alone a mark in it.
    form = "%Y-%m-%dT%H:%M"
    offset = begins.astimezone()
    ends = (begins + timedelta(minutes=40)).astimezone()
    school.open("lesson-report", **{"from": offset.strftime(form), "to": ends.strftime(form)})
    await_true(lambda: school.shows(f"{offset:%H:%M}–{ends:%H:%M}", "lesson-summary"))
    await_true(lambda: school.shows("8 min", "lesson-facts"))
    drawings = "[data-testid=stVegaLiteChart] :is(canvas, svg)"
    await_true(lambda: len(chrome.find_elements(By.CSS_SELECTOR, drawings)) >= 2)
    school.type("mark-text", "<b>Group work</b> starts" + Keys.ENTER)
    await_true(lambda: school.shows("<b>Group work</b> starts", "marks"))
    (mark,) = school.store.marks(SITE, ROOM, begins, begins + timedelta(minutes=40))
    assert mark.text == "<b>Group work</b> starts"

    downloads = tmp_path / "downloads"
    downloads.mkdir()
    chrome.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(downloads)}
    )
    for end, first in (("csv", b"start,end"), ("parquet", b"PAR1"), ("html", b"<!DOCTYPE")):
        school.press(f"export-{end}")
        await_true(lambda end=end: list(downloads.glob(f"*.{end}")))  # type: ignore[misc]
        (file,) = downloads.glob(f"*.{end}")
        await_true(lambda file=file, first=first: file.read_bytes().startswith(first))  # type: ignore[misc]
    chrome.get(file.as_uri())
    assert "&lt;b&gt;Group work" in chrome.page_source
    assert chrome.find_element(By.TAG_NAME, "svg").is_displayed()
    school.open("lesson-report", **{"from": offset.strftime(form), "to": ends.strftime(form)})
    await_true(lambda: school.shows("Group work", "marks"))
    school.press(f"remove-{mark.id}")
    await_true(lambda: not school.shows("Group work", "marks"))


def test_languages_themes_and_a_first_visit_to_a_deep_page(school: School) -> None:
    chrome = school.chrome
    school.open("lesson-report")
    await_true(lambda: school.shows(ENGLISH.lesson.heading))
    await_true(lambda: school.shows(ENGLISH.common.only_counts, "footer"))
    # Nothing is asked of anybody else, not even an icon.
    icon = "return document.querySelector('link[rel*=icon]').href"
    await_true(lambda: str(chrome.execute_script(icon)).startswith("data:image/svg+xml"))
    asked = "return performance.getEntriesByType('resource').map(one => one.name)"
    here = (school.address, school.address.replace("http", "ws"), "data:", "blob:")
    assert all(str(name).startswith(here) for name in chrome.execute_script(asked))
    school.press("language-de")
    await_true(lambda: school.shows(GERMAN.lesson.heading))
    await_true(lambda: school.shows(GERMAN.common.pages["live"]))
    for theme, ground in (("dark", "rgb(20, 22, 27)"), ("light", "rgb(255, 255, 255)")):
        prefer_colours(chrome, theme)
        chrome.refresh()
        script = "return getComputedStyle(document.querySelector('[data-testid=stApp]'))"
        await_true(
            lambda script=script, ground=ground: chrome.execute_script(  # type: ignore[misc]
                f"{script}.backgroundColor === '{ground}'"
            )
        )
    resize(chrome, 390, 844)
    await_true(lambda: school.shows(GERMAN.lesson.timeline))
    # A phone scrolls in one direction only.
    await_true(
        lambda: chrome.execute_script(
            "const main = document.querySelector('[data-testid=stMain]');"
            "return main.scrollWidth <= main.clientWidth"
        )
    )
