"""Notes in a real browser when the number of people on the live page changes, and to what."""

import re
import time

from selenium import webdriver

from tests.browser import text_of
from tests.support import await_true

_WATCH = """
window.changes = [];
let last = null;
new MutationObserver(() => {
  const part = document.querySelector('.st-key-people-now');
  const words = part ? part.innerText : null;
  if (words !== last) { last = words; window.changes.push([Date.now() / 1000, words]); }
}).observe(document.body, {subtree: true, childList: true, characterData: true});
"""


class Watcher:
    """A browser on the live page of a room."""

    def __init__(self, chrome: webdriver.Chrome, address: str, room: str) -> None:
        self._chrome = chrome
        self._address = f"{address}/?room={room}&lang=en"

    def open(self) -> None:
        """Opens the page anew and begins to note."""
        self._chrome.get(self._address)
        await_true(lambda: text_of(self._chrome, "people-now"), patience=120)
        self._chrome.execute_script(_WATCH)

    def changes(self) -> dict[int, float]:
        """Number of people → when it was first on the page, in seconds since 1970."""
        seen: dict[int, float] = {}
        for moment, words in self._chrome.execute_script("return window.changes"):
            digits = re.findall(r"\d+", (words or "").replace(",", ""))
            if digits:
                seen.setdefault(int(digits[-1]), moment)
        return seen

    def await_number(self, number: int, seconds: float) -> None:
        """Waits until a number was on the page, at most so long."""
        until = time.monotonic() + seconds
        while number not in self.changes() and time.monotonic() < until:
            time.sleep(0.1)
