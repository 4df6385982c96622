"""What the devices count: windows that follow from their names, and ledgers of those kept."""

import hashlib
import os
import random
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Final, NamedTuple

from edge_agent.emotions import EMOTIONS
from edge_agent.messages import Counts, EmotionCounts

SITE: Final = "chaos"
_START: Final = datetime(2026, 1, 31, 8, 0, tzinfo=timezone.utc)
_WINDOW: Final = timedelta(seconds=5)
_SUPPRESSED_SHARE: Final = 0.1


class Name(NamedTuple):
    """What names a window."""

    device: str
    boot_id: str
    seq: int


def window(seed: int, name: Name) -> Counts:
    """The window of that name, the same at every call."""
    chance = random.Random(f"{seed} {name}")
    suppressed = chance.random() < _SUPPRESSED_SHARE
    people = {emotion: chance.randrange(8) for emotion in EMOTIONS}
    uncertain = chance.randrange(4)
    start = _START + name.seq * _WINDOW + timedelta(milliseconds=chance.randrange(1000))
    return Counts(
        v=1,
        device=name.device,
        boot_id=name.boot_id,
        seq=name.seq,
        window_start=start,
        window_end=start + _WINDOW,
        clock_synced=chance.random() < 0.9,
        frames=chance.randrange(1, 30),
        faces=None if suppressed else sum(people.values()) + uncertain,
        counts=None if suppressed else EmotionCounts(**people),
        uncertain=None if suppressed else uncertain,
        suppressed=suppressed,
        replayed=False,
    )


class Ledger:
    """One boot's list of the windows that were on the disk when `counts` had returned.

    It outlives a kill -9 at any moment; a window may be kept without being in it, but only the
    last one of a boot.

    Args:
        folder: of all ledgers of a run.
        device: whose boot begins.

    Attributes:
        boot_id: new for each boot, and the same in each run with the same seed.
    """

    def __init__(self, folder: Path, device: str, seed: int) -> None:
        boots = len(list(folder.glob(f"{device}.*")))
        self.boot_id = hashlib.sha256(f"{seed} {device} {boots}".encode()).hexdigest()[:32]
        path = folder / f"{device}.{self.boot_id}"
        self._file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_WRONLY)

    def add(self, seq: int) -> None:
        """Notes a window; it is on the disk on return."""
        os.write(self._file, b"%d\n" % seq)
        os.fsync(self._file)


def read_ledgers(folder: Path, device: str = "*") -> dict[tuple[str, str], list[int]]:
    """The windows in all ledgers, or in those of one device.

    Returns:
        (Device, boot_id) → the numbers of its windows.
    """
    return {
        (path.name.partition(".")[0], path.name.partition(".")[2]): [
            int(line) for line in path.read_text().splitlines()
        ]
        for path in sorted(folder.glob(f"{device}.*"))
    }
