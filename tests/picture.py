"""Makes the README's picture of the page: ``python -m tests.picture FILE.png``.

The sample scene runs for a minute in the demo, and Chromium photographs the page.
"""

import sys
import tempfile
from pathlib import Path

import pytest

from tests.browser import chromium, text_of
from tests.support import await_true, running_demo

_WINDOWS = 8


def main(target: Path) -> None:
    """Awaits some windows of the sample scene, then photographs the page."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            running_demo(folder, "--source", "sample") as (address, _),
            chromium(folder / "profile", width=1280, height=800) as chrome,
        ):
            chrome.get(address)
            seen = set()

            def enough() -> bool:
                people = text_of(chrome, "people-now")
                if any(character.isdigit() for character in people):
                    seen.add(text_of(chrome, "emotion-counts"))
                return len(seen) >= _WINDOWS

            await_true(enough, patience=300)
            chrome.save_screenshot(str(target))


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except pytest.skip.Exception as reason:
        sys.exit(str(reason))
