"""What goes wrong in a day: each fault is done, noticed by the agent, and over when it returns."""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

from tests.soak.room import FRAMES_PER_SECOND, Room

_LOSSES: Final = ("raises", "none", "crashes", "killed")
_HANGS: Final = ("hangs at once", "stopped")
_PROBLEM: Final = "amera: expected"
_JUMP_SECONDS: Final = (-86_400, 3_600, 86_400, -3_600)
_HOT_C, _COOL_C = 88.0, 50.0
_MOMENT: Final = timedelta(seconds=60)


@dataclass(frozen=True)
class Options:
    """How long, and how often what goes wrong."""

    seed: int
    minutes: float
    camera_lost: int
    camera_hung: int
    broker_away: int
    clock_jumps: int
    disk_full: int
    good_reloads: int
    bad_reloads: int
    hot_spells: int


Fault = Callable[[Room, random.Random], None]


def lose_camera(room: Room, chance: random.Random) -> None:
    """The camera fails, gives nothing, or its process dies; then it works again."""
    how = chance.choice(_LOSSES)
    before, lost = room.starts_of_camera(), room.log().count(_PROBLEM)
    if how == "killed":
        _signal_camera(room, signal.SIGKILL)
    else:
        room.camera(how)
    room.await_log(_PROBLEM, lost)
    room.camera("")
    room.await_true(lambda: room.starts_of_camera() > before)
    room.await_window()


def hang_camera(room: Room, chance: random.Random) -> None:
    """A capture call, or the whole process, stands still; the agent must end it."""
    how = chance.choice(_HANGS)
    words = f"{_PROBLEM} a frame within"
    before, lost = room.starts_of_camera(), room.log().count(words)
    hanging = room.camera_processes()
    if how == "stopped":
        _signal_camera(room, signal.SIGSTOP)
    else:
        room.camera(how)
    room.await_log(words, lost)
    room.camera("")
    room.await_true(lambda: not set(hanging) & set(room.camera_processes()))
    room.await_true(lambda: room.starts_of_camera() > before)
    room.await_window()


def take_broker_away(room: Room, chance: random.Random) -> None:
    """The broker ends for some seconds."""
    connected = room.log().count("connected to")
    room.stop_broker()
    time.sleep(chance.uniform(0.0, 8.0))
    room.start_broker()
    room.await_log("connected to", connected)


def jump_clock(room: Room, chance: random.Random) -> None:
    """The clock of the day is set; windows must follow it."""
    seconds = chance.choice(_JUMP_SECONDS)
    room.jump(seconds)
    _await_time(room, seconds)
    room.jump(0)
    _await_time(room, 0)


def fill_disk(room: Room, chance: random.Random) -> None:
    """There is no room for the outbox; then there is again."""

    def noticed() -> bool:
        # What the outbox gives back is taken at once.
        room.fill_disk()
        return room.health().get("outbox_state") == "disk_unusable"

    try:
        room.await_true(noticed)
    finally:
        room.empty_disk()
    room.await_true(lambda: room.health().get("outbox_state") == "disk")


def reload_well(room: Room, chance: random.Random) -> None:
    """The configuration is changed, and read again."""
    taken = room.log().count("the new settings are in force")
    room.configure(classifier={"confidence_threshold": round(chance.uniform(0.3, 0.6), 2)})
    room.agent.send_signal(signal.SIGHUP)
    room.await_log("the new settings are in force", taken)


def reload_badly(room: Room, chance: random.Random) -> None:
    """The configuration is spoilt, and must be refused."""
    refused = room.log().count("the old settings stay in force")
    room.configure(window={"seconds": chance.choice(["often", -1, None])})
    room.agent.send_signal(signal.SIGHUP)
    room.await_log("the old settings stay in force", refused)
    room.configure()


def heat(room: Room, chance: random.Random) -> None:
    """The board becomes hot or is throttled, and recovers."""
    words = "frames a second are looked at from now on"
    slower, full = room.log().count(words), f"{FRAMES_PER_SECOND:.2g} {words}"
    recovered = room.log().count(full)
    throttled = chance.random() < 0.5
    room.sensors(_COOL_C if throttled else _HOT_C, throttled=throttled)
    room.await_log(words, slower)
    room.sensors(_COOL_C, throttled=False)
    room.await_log(full, recovered)


class Day:
    """All faults of a day, each kind spread evenly at random; those of different kinds overlap.

    Faults of one thing follow one another: a lost camera cannot hang.

    Attributes:
        done: kind → how often.
        problem: why it did not come to its end.
    """

    def __init__(self, room: Room, options: Options) -> None:
        self._room = room
        self._options = options
        self.done: Counter[str] = Counter()
        self.problem: BaseException | None = None
        self._stopping = threading.Event()
        kinds: list[list[tuple[str, Fault, int]]] = [
            [
                ("camera lost", lose_camera, options.camera_lost),
                ("camera hung", hang_camera, options.camera_hung),
            ],
            [("broker away", take_broker_away, options.broker_away)],
            [("clock set forth and back", jump_clock, options.clock_jumps)],
            [("disk full", fill_disk, options.disk_full)],
            [
                ("good configuration, SIGHUP", reload_well, options.good_reloads),
                ("bad configuration, SIGHUP", reload_badly, options.bad_reloads),
            ],
            [("hot or throttled", heat, options.hot_spells)],
        ]
        self._threads = [
            threading.Thread(target=self._strike, args=(number, things), daemon=True)
            for number, things in enumerate(kinds)
        ]

    def live(self, progress: Callable[[int], None]) -> None:
        """Lets the day pass.

        Args:
            progress: is told the number of faults so far.

        Raises:
            AssertionError: when the agent has ended, or did not notice or outlive a fault.
        """
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()
        until = self._began + 60 * self._options.minutes
        while any(thread.is_alive() for thread in self._threads) or time.monotonic() < until:
            time.sleep(0.5)
            progress(self.done.total())
            if self.problem is not None:
                self._stopping.set()
                raise self.problem

    def _strike(self, number: int, things: list[tuple[str, Fault, int]]) -> None:
        chance = random.Random(f"{self._options.seed} {number}")
        faults = [(name, fault) for name, fault, times in things for _ in range(times)]
        chance.shuffle(faults)
        # The day ends quietly.
        seconds = 55 * self._options.minutes
        try:
            for index, (name, fault) in enumerate(faults):
                at = self._began + seconds * (index + chance.random()) / len(faults)
                if self._stopping.wait(max(0.0, at - time.monotonic())):
                    return
                fault(self._room, chance)
                self.done[name] += 1
        except BaseException as error:
            self.problem = error


def _signal_camera(room: Room, number: signal.Signals) -> None:
    room.await_true(room.camera_processes)
    os.kill(room.camera_processes()[0], number)


def _await_time(room: Room, seconds: int) -> None:
    """Returns once a window came that ended at the agent's own time."""

    def followed() -> bool:
        last = room.newest_window()
        if last is None:
            return False
        end = datetime.fromisoformat(last["window_end"].replace("Z", "+00:00"))
        expected = datetime.now(timezone.utc) + timedelta(seconds=seconds)
        return abs(end - expected) < _MOMENT

    room.await_true(followed)
