"""Runs broker, recorder, pages, a device and viewers, and measures."""

import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from tqdm import tqdm

from tests.browser import chromium
from tests.dashboard.conftest import running_dashboard
from tests.dashboard.load.watcher import Watcher
from tests.dashboard.pages import ROOM, SITE, Device, device
from tests.support import PATIENCE_SECONDS, REPOSITORY, await_port, free_port, running_mosquitto

_FIRST = 100
_LAST = 1900  # more people than this, no message can hold


@dataclass(frozen=True)
class Level:
    """What so many viewers at once got, and cost.

    Attributes:
        viewers: one browser, and sessions without one.
        latencies: seconds from the agent's publish to the changed page in the browser.
        never: published numbers that the page never showed, because a newer one was there first.
        processor: of the pages' process, in percent of one core.
        memory_mb: of the pages' process at the end.
        drawn: how often a page was drawn as a whole for the sessions without a browser.
        gone: sessions that the server closed.
    """

    viewers: int
    latencies: list[float]
    never: int
    processor: float
    memory_mb: float
    drawn: int
    gone: int

    def quantile(self, share: float) -> float:
        """Seconds that so large a share of the updates stayed below."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]

    @property
    def median(self) -> float:
        """Seconds."""
        return statistics.median(self.latencies)


@dataclass(frozen=True)
class Long:
    """Many updates: the memory of the pages' process after so many of them.

    Attributes:
        memory_mb: pairs of updates and MB.
        drawn: how often a page was drawn as a whole for the sessions without a browser.
    """

    viewers: int
    updates: int
    seconds: float
    memory_mb: list[tuple[int, float]]
    drawn: int


class Stage:
    """Everything that runs while something is measured."""

    def __init__(self, address: str, process: psutil.Process, one: Device, watcher: Watcher):
        self.address = address
        self._process = process
        self._device = one
        self._watcher = watcher
        self._next = _FIRST

    def level(self, viewers: int, updates: int, every_seconds: float) -> Level:
        """Measures so many updates with so many viewers."""
        with running_viewers(self.address, viewers - 1) as others:
            self._watcher.open()
            sent: dict[int, float] = {}
            self._put()  # the first of a new viewer is no update
            time.sleep(every_seconds)
            begun, used = time.monotonic(), self._seconds()
            for _ in tqdm(range(updates), desc=f"{viewers} viewers", unit="update"):
                number = self._next
                sent[number] = time.time()
                self._put()
                # Not in step with the page's own clock.
                time.sleep(every_seconds * random.uniform(0.9, 1.1))
            self._watcher.await_number(number, 20)
            processor = 100 * (self._seconds() - used) / (time.monotonic() - begun)
            seen = self._watcher.changes()
            memory = self._memory()
        latencies = [seen[number] - moment for number, moment in sent.items() if number in seen]
        never = len(sent) - len(latencies)
        return Level(viewers, latencies, never, processor, memory, others.drawn, others.gone)

    def long(self, viewers: int, updates: int, a_second: float) -> Long:
        """Publishes many updates, as quickly as told."""
        with running_viewers(self.address, viewers - 1) as others:
            self._watcher.open()
            self._put()
            time.sleep(5)
            begun, memory = time.monotonic(), [(0, self._memory())]
            for number in tqdm(range(1, updates + 1), desc="memory", unit="update"):
                self._put()
                if number % max(1, updates // 50) == 0:
                    memory.append((number, self._memory()))
                time.sleep(max(0.0, begun + number / a_second - time.monotonic()))
            seconds = time.monotonic() - begun
        return Long(viewers, updates, seconds, memory, others.drawn)

    def _put(self) -> None:
        self._device.put(happy=self._next, uncertain=0)
        self._next = _FIRST if self._next >= _LAST else self._next + 1

    def _seconds(self) -> float:
        times = self._process.cpu_times()
        return times.user + times.system

    def _memory(self) -> float:
        return self._process.memory_info().rss / 1e6


class Others:
    """Sessions without a browser; how often they were drawn is known once they ended."""

    drawn = 0
    gone = 0


@contextmanager
def running_viewers(address: str, number: int) -> Iterator[Others]:
    """So many sessions, each with the whole page before this begins."""
    others = Others()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.dashboard.load.viewers"),
            *(address, f"{SITE}/{ROOM}", str(number)),
        ],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield others
    finally:
        process.terminate()
        said, _ = process.communicate(timeout=PATIENCE_SECONDS)
        if said.strip():
            others.drawn, others.gone = map(int, said.split())


@contextmanager
def running_stage() -> Iterator[Stage]:
    """Mosquitto, recorder and pages with a SQLite store, a device, and Chromium."""
    broker, port = free_port(), free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = f"sqlite:///{folder}/counts.db"
        url = f"mqtt://127.0.0.1:{broker}"
        show = ("show", "--port", str(port), "--store", store, "--broker", url)
        with (
            running_mosquitto(folder / "broker", broker),
            running_dashboard("record", "--broker", url, "--store", store),
            running_dashboard(*show, "--accounts", f"{folder}/none.json") as pages,
            chromium(folder / "profile", width=1280, height=800) as chrome,
        ):
            await_port(port, pages)
            address = f"http://127.0.0.1:{port}"
            with device(broker) as one:
                one.put()
                watcher = Watcher(chrome, address, f"{SITE}/{ROOM}")
                yield Stage(address, psutil.Process(pages.pid), one, watcher)
