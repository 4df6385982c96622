"""Debian's Chromium, headless, for tests and pictures of the page."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from tests.support import await_true, debian_program


@contextmanager
def chromium(profile: Path, *flags: str, width: int, height: int) -> Iterator[webdriver.Chrome]:
    """A browser with an empty profile in a folder; skips where Chromium is missing.

    Args:
        profile: a folder of its own.
        flags: more of Chromium's options.
        width, height: of the window in CSS pixels.
    """
    browser = debian_program("chromium", package="chromium")
    driver = debian_program("chromedriver", package="chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in (
        "--headless=new",
        "--disable-gpu",
        "--no-first-run",
        # Without these it looks for the network at every start.
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        f"--user-data-dir={profile}",
        f"--window-size={width},{height}",
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
        *flags,
    ):
        options.add_argument(flag)
    chrome = webdriver.Chrome(options=options, service=Service(driver))
    try:
        # Headless windows lose some pixels to a frame that nobody sees.
        inner = chrome.execute_script("return [innerWidth, innerHeight]")
        chrome.set_window_size(2 * width - inner[0], 2 * height - inner[1])
        yield chrome
    finally:
        chrome.quit()


def text_of(chrome: webdriver.Chrome, key: str) -> str:
    """The visible text of the part of the page that carries a key; empty where it is not there."""
    script = "const part = document.querySelector(arguments[0]); return part ? part.innerText : ''"
    return str(chrome.execute_script(script, f".st-key-{key}"))


def require_chromium() -> None:
    """Skips, or fails in CI, before anything is started in vain."""
    debian_program("chromium", package="chromium")
    debian_program("chromedriver", package="chromium-driver")


def prefer_colours(chrome: webdriver.Chrome, scheme: str) -> None:
    """Makes pages ``light`` or ``dark``, as a setting of the system does."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def resize(chrome: webdriver.Chrome, width: int, height: int) -> None:
    """Gives the page so many CSS pixels, also fewer than a window may have."""
    chrome.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
    )


def settle(chrome: webdriver.Chrome) -> None:
    """Returns once Streamlit's script has run and what it sent stays the same for a while."""
    seen: list[object] = []

    def quiet() -> bool:
        script = (
            "return [document.querySelectorAll('[data-stale=true]').length,"
            "document.querySelectorAll('[data-testid=stApp][data-test-script-state=notRunning]')"
            ".length, document.querySelectorAll('canvas, svg.marks').length, innerHeight]"
        )
        seen.append(chrome.execute_script(script))
        del seen[:-25]
        return len(seen) == 25 and seen[-1][1] and all(one == seen[-1] for one in seen)

    await_true(quiet)
