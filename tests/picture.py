"""Makes the README's picture of the page: ``python -m tests.picture FILE.png``.

The sample scene runs for a minute in the demo, and Chromium photographs the page.
"""

import sys
import tempfile
from pathlib import Path

import pytest

from tests.browser import chromium, text_of
from tests.support import await_true, running_demo

_CHANGES = 9


def main(target: Path) -> None:
    """Awaits some windows of the sample scene, then photographs the page."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            running_demo(folder, "--source", "sample") as (address, _),
            chromium(folder / "profile", width=1280, height=800) as chrome,
        ):
            chrome.get(address)
            seen: list[str] = []

            def enough() -> bool:
                counts = text_of(chrome, "emotion-counts")
                if counts and (not seen or seen[-1] != counts):
                    seen.append(counts)
                return len(seen) >= _CHANGES

            await_true(enough, patience=300)
            chrome.save_screenshot(str(target))


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except pytest.skip.Exception as reason:
        sys.exit(str(reason))
