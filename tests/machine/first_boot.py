"""A fresh system boots with a card, and becomes a room that counts, with nobody at its keyboard."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.deploy.support import SITE, Recording
from tests.edge_agent.support import START
from tests.machine.card import DEVICE, FIRST_BOOT, files_on
from tests.machine.computer import Computer
from tests.machine.image import Image

_LONGEST_SECONDS: Final = 3600.0
_KEY: Final = "classroom/certificates/key.pem"


def run_first_boot(
    folder: Path, image: Image, recording: Recording, say: Callable[[str], None]
) -> None:
    """Boots it twice, as the card has it, and awaits the room's first window.

    Args:
        folder: for what it says on its console.
        image: what `make_card_image` has made.
        say: is told what happens, in a line of a table.

    Raises:
        TimeoutError: where something did not come about.
    """
    assert image.boot is not None and _KEY in files_on(image.boot)
    computer = Computer(image, folder / "console.log")
    began = time.monotonic()

    def tell(what: str) -> None:
        say(f"| {time.monotonic() - began:.0f} s | {what} |")

    try:
        computer.switch_on(FIRST_BOOT)
        try:
            computer.await_off(_LONGEST_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise TimeoutError("the first boot did not end; see console.log") from error
        tell("the first boot has ended, and begins the second")
        computer.switch_on()
        _await_window(computer, recording)
        tell(f"the first window of {SITE}/{DEVICE} has come")
        _await_end(computer, image)
    finally:
        computer.cut()
    left = sorted(name for name in files_on(image.boot) if not name.startswith("classroom/bundle"))
    tell(f"left on the boot partition, beside the bundle: {', '.join(left)}")
    wrong = [name for name in left if "certificates" in name or name.startswith("firstrun")]
    if wrong:
        raise TimeoutError(f"expected no key and no first boot on the card, got {wrong}")


def _await_window(computer: Computer, recording: Recording) -> None:
    until = time.monotonic() + _LONGEST_SECONDS
    while not list(recording.store.windows(SITE, DEVICE, START)):
        if not computer.on or time.monotonic() > until:
            raise TimeoutError("no window of the room came; see console.log")
        time.sleep(0.5)


def _await_end(computer: Computer, image: Image) -> None:
    """Waits until the first boot has removed itself from the disk, which it does at its end."""
    until = time.monotonic() + _LONGEST_SECONDS
    while _there(image.disk, "/var/lib/classroom-first-boot"):
        if not computer.on or time.monotonic() > until:
            raise TimeoutError("the first boot did not remove itself; see console.log")
        time.sleep(5.0)
    for path in ("/etc/edge-agent/key.pem", "/opt/edge-agent/current"):
        if not _there(image.disk, path):
            raise TimeoutError(f"expected {path} on the disk, got none")


def _there(disk: Path, path: str) -> bool:
    command = ["debugfs", "-R", f"stat {path}", str(disk)]
    told = subprocess.run(command, capture_output=True, text=True)
    return "Inode:" in told.stdout
