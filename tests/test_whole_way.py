"""A real video becomes counts on a teacher's page, in a real browser."""

import signal
from pathlib import Path

import pytest

from tests.browser import chromium, require_chromium, text_of
from tests.support import PATIENCE_SECONDS, await_true, running_demo, shared_data


def _watch(folder: Path, *arguments: str) -> None:
    """Opens the demo's page, awaits three different pictures of the counts, then ends the demo."""
    require_chromium()
    with running_demo(folder, *arguments) as (address, demo):
        with chromium(folder / "profile", width=1280, height=800) as chrome:
            chrome.get(address)
            seen = set()

            def another_picture() -> bool:
                people, counts = text_of(chrome, "people-now"), text_of(chrome, "emotion-counts")
                if any(character.isdigit() for character in people):
                    seen.add((people, counts))
                return len(seen) >= 3

            await_true(another_picture, patience=180)
            assert "Online" in text_of(chrome, "device-state")
            assert chrome.save_screenshot(str(folder / "page.png"))
        demo.send_signal(signal.SIGINT)
        assert demo.wait(PATIENCE_SECONDS) == 0
    log = (folder / "demo.log").read_text()
    assert "Everything has ended." in log
    assert "Traceback" not in log


@pytest.mark.browser
def test_the_trial_video_reaches_the_page(tmp_path: Path) -> None:
    _watch(tmp_path, "--source", str(shared_data("classroom.mp4")))


@pytest.mark.browser
def test_the_sample_scene_reaches_the_page(tmp_path: Path) -> None:
    _watch(tmp_path, "--source", "sample")
