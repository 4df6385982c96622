"""Cuts a computer's power at random moments, and compares what it had kept with what arrived."""

import random
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from dashboard.store import Store
from edge_agent.messages import Counts
from tests.deploy.support import SITE, Recording, School
from tests.edge_agent.support import START
from tests.machine.computer import Computer
from tests.machine.image import Image
from tests.machine.next_boot import next_boot

BOOT_PATIENCE_SECONDS: Final = 1800
"""How long a boot may take: without KVM, on a loaded machine, it does take ten minutes."""
_LONGEST_RUN_SECONDS: Final = 20.0

Name = tuple[str, int]
"""A window: boot_id and seq."""


class Cut(NamedTuple):
    """A moment at which the power went.

    Attributes:
        when: what the computer was doing.
        seconds: since it was switched on.
        broker: whether the broker was there.
        held: windows that its outbox held at that moment.
        back_seconds: from switching on to the first window that came; NaN where none could.
    """

    when: str
    seconds: float
    broker: bool
    held: frozenset[Name]
    back_seconds: float


@dataclass
class Result:
    """What became of all windows.

    Attributes:
        arrived: windows in the recorder's store.
        trusted: how many of them say that the clock was synchronised.
        gave_up: why the computer did not come back; empty when it always did.
    """

    cuts: list[Cut] = field(default_factory=list)
    arrived: set[Name] = field(default_factory=set)
    trusted: int = 0
    gave_up: str = ""

    @property
    def lost(self) -> set[Name]:
        """Windows that an outbox held at a cut, and that never came."""
        return {name for cut in self.cuts for name in cut.held} - self.arrived

    @property
    def missing(self) -> set[Name]:
        """Windows of which a later one of the same start came."""
        last: dict[str, int] = defaultdict(int)
        for boot_id, seq in self.arrived:
            last[boot_id] = max(last[boot_id], seq)
        every = {(boot_id, seq) for boot_id, end in last.items() for seq in range(end + 1)}
        return every - self.arrived


class Trial:
    """One computer, the school's broker and recorder, and somebody at the plug.

    Args:
        folder: for copies of the disk.
        say: is told what happens, in a line.
    """

    def __init__(
        self,
        folder: Path,
        image: Image,
        school: School,
        recording: Recording,
        say: Callable[[str], None],
    ) -> None:
        self._folder = folder
        self._image = image
        self._school = school
        self._store: Store = recording.store
        self._say = say
        self._computer = Computer(image, folder / "console.log")
        self._switched_on = self._boot_seconds = 0.0

    def run(self, cuts: int, seed: int) -> Result:
        """Cuts the power so many times; afterwards everything must come.

        In every third boot the power goes before the agent is up, and for two cuts in the middle
        the broker is away, so that windows must wait on the disk.
        """
        chance = random.Random(seed)
        result = Result()
        away = range(cuts // 2, min(cuts, cuts // 2 + 2))
        try:
            for number in range(cuts):
                result.cuts.append(self._cut(number, chance, result, broker=number not in away))
                self._say(row(number, result.cuts[-1]))
                if number + 1 == away.stop:
                    self._school.start()
            known = self._known(result)
            self._switch_on()
            self._await_new_windows(known)
            held = {name for cut in result.cuts for name in cut.held}
            self._await(lambda: held <= self._arrived())
        except TimeoutError as error:
            result.gave_up = str(error)
        finally:
            self._computer.cut()
        result.arrived = self._arrived()
        result.trusted = self._trusted()
        return result

    def _cut(self, number: int, chance: random.Random, result: Result, *, broker: bool) -> Cut:
        known = self._known(result)
        self._switch_on()
        back = float("nan")
        if broker and number % 3 == 2:
            when = "booting"
            time.sleep(chance.uniform(0.0, self._boot_seconds))
        elif broker:
            when = "counting"
            back = self._await_new_windows(known)
            time.sleep(chance.uniform(0.0, _LONGEST_RUN_SECONDS))
        else:
            when = "counting"
            if self._school.running:
                back = self._await_new_windows(known)
                self._school.stop()
            else:
                time.sleep(self._boot_seconds)
            time.sleep(chance.uniform(0.0, _LONGEST_RUN_SECONDS))
        self._computer.cut()
        seconds = time.monotonic() - self._switched_on
        return Cut(when, seconds, broker, frozenset(self._held()), back)

    def _known(self, result: Result) -> set[str]:
        """The starts of the agent that were before: what comes of another is new."""
        held = {boot_id for cut in result.cuts for boot_id, _ in cut.held}
        return held | {boot_id for boot_id, _ in self._arrived()}

    def _switch_on(self) -> None:
        self._computer.switch_on()
        self._switched_on = time.monotonic()

    def _await_new_windows(self, known: set[str]) -> float:
        """Returns once a start counted of which nothing was known; how long that took."""
        self._await(lambda: {boot_id for boot_id, _ in self._arrived()} - known)
        seconds = time.monotonic() - self._switched_on
        self._boot_seconds = max(seconds, self._boot_seconds)
        return seconds

    def _await(self, condition: Callable[[], object]) -> None:
        until = time.monotonic() + BOOT_PATIENCE_SECONDS
        while not condition():
            if not self._computer.on:
                raise TimeoutError("the computer has switched itself off; see console.log")
            if time.monotonic() > until:
                raise TimeoutError(f"nothing for {BOOT_PATIENCE_SECONDS} s; see console.log")
            time.sleep(0.1)

    def _arrived(self) -> set[Name]:
        windows = self._store.windows(SITE, "room-101", START)
        return {(window.boot_id, window.seq) for window in windows}

    def _held(self) -> set[Name]:
        """What the outbox on the disk holds, as the next boot will read it."""
        disk, folder = self._image.state_disk
        name = f"{SITE}.room-101.outbox.db"
        with next_boot(disk, self._folder) as found:
            for suffix in ("", "-wal"):
                found.dump(f"{folder}/{name}{suffix}", self._folder / (name + suffix))
        if not (self._folder / name).exists() or not (self._folder / name).stat().st_size:
            return set()
        with closing(sqlite3.connect(self._folder / name)) as outbox:
            if not outbox.execute("SELECT 1 FROM sqlite_master WHERE name = 'windows'").fetchone():
                return set()
            rows = outbox.execute("SELECT window FROM windows").fetchall()
        windows = [Counts.model_validate_json(text) for (text,) in rows]
        return {(window.boot_id, window.seq) for window in windows}

    def _trusted(self) -> int:
        """Windows whose clock the agent believed: its sandbox must not keep it from asking."""
        with closing(sqlite3.connect(self._folder / "counts.db")) as store:
            query = "SELECT count(*) FROM windows WHERE clock_synced"
            return int(store.execute(query).fetchone()[0])


def row(number: int, cut: Cut) -> str:
    """A cut as a line of a table."""
    back = f"{cut.back_seconds:.0f} s" if cut.back_seconds == cut.back_seconds else "–"
    return (
        f"| {number + 1} | {cut.when} | {back} | {cut.seconds:.1f} s "
        f"| {'there' if cut.broker else 'away'} | {len(cut.held)} |"
    )
