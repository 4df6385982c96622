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
from tests.machine.next_boot import next_boot

_LONGEST_SECONDS: Final = 3600.0
_KEY: Final = "classroom/certificates/key.pem"
_PLACE: Final = "/var/lib/classroom-first-boot"
_KEPT: Final = "/etc/edge-agent/key.pem"
_LOOK_SECONDS: Final = 0.5
"""Between two looks at what a power cut would leave."""


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
        _await_room(folder, computer, image, recording)
        tell(f"{SITE}/{DEVICE} counts, and the first boot has removed itself")
    finally:
        computer.cut()
    left = sorted(name for name in files_on(image.boot) if not name.startswith("classroom/bundle"))
    tell(f"left on the boot partition, beside the bundle: {', '.join(left)}")
    wrong = [name for name in left if "certificates" in name or name.startswith("firstrun")]
    if wrong:
        raise TimeoutError(f"expected no key and no first boot on the card, got {wrong}")


def _await_room(folder: Path, computer: Computer, image: Image, recording: Recording) -> None:
    """Waits until the room counts and the first boot has removed itself from the disk.

    Whenever the power goes from the first window on, the device's key must be on the disk. Nobody
    looks before: a halt lets the system's timers run out, and it would write sooner than it does.
    """
    until = time.monotonic() + _LONGEST_SECONDS
    counts = done = False
    while not (counts and done):
        if not computer.on or time.monotonic() > until:
            missing = "no window of the room came" if not counts else "its files were not removed"
            raise TimeoutError(f"the first boot did not end: {missing}; see console.log")
        time.sleep(_LOOK_SECONDS)
        counts = counts or bool(list(recording.store.windows(SITE, DEVICE, START)))
        if not counts:
            continue
        with computer.halted(), next_boot(image.disk, folder) as found:
            kept = [path for path in (f"{_PLACE}/certificates/key.pem", _KEPT) if found.size(path)]
            done = found.size(_PLACE) is None
            agent = found.link("/opt/edge-agent/current")
        if not kept:
            raise TimeoutError("expected the device's key on the disk, got none or an empty one")
    if kept != [_KEPT] or agent is None:
        raise TimeoutError(f"expected {_KEPT} and an agent, got {kept} and {agent}")
