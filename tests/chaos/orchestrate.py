"""Runs devices, broker, recorder and database, breaks them by a plan, and compares the ends."""

import asyncio
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dashboard.recorder import DEFAULT_CLIENT_ID
from dashboard.store import Store
from tests.chaos import faults
from tests.chaos.broker import Mosquitto
from tests.chaos.comparison import Verdict, compare
from tests.chaos.databases import DATABASES
from tests.chaos.faults import LINK_FAULTS, Fault, Options
from tests.chaos.processes import device_process, recorder_process
from tests.chaos.program import ChaosError, Program
from tests.chaos.proxy import Proxy
from tests.chaos.windows import read_ledgers
from tests.support import await_true

_POLL_SECONDS: Final = 0.5
_RESTART_SECONDS: Final = 1.0
_DRAIN_SECONDS: Final = 120.0
_QUIET_SECONDS: Final = 60.0
"""A recorder notices a half-open link after one and a half times its keepalive of 30 s."""
_LONGEST: Final = 2.0
_LONGEST_DRAIN_SECONDS: Final = 600.0


@dataclass(frozen=True)
class Result:
    """What came of it.

    Attributes:
        injected: kind of fault → how often it struck.
        recorder_restarts: how often the recorder ended by itself, and was started again.
        fault_seconds: until the last fault was healed.
        seconds: in all.
    """

    verdict: Verdict
    injected: Counter[str]
    recorder_restarts: int
    fault_seconds: float
    seconds: float


def run(options: Options, folder: Path, progress: Callable[[int], object]) -> Result:
    """Runs the chaos to its end; whatever happens, no process outlives it.

    Args:
        options: how much goes wrong.
        folder: for everything that the programs write.
        progress: called now and then with the number of windows that devices have kept.

    Raises:
        ChaosError: when a program cannot be started or ended by itself.
    """
    chaos = _Chaos(options, folder, progress)
    try:
        return asyncio.run(chaos.run())
    finally:
        chaos.end()


class _Chaos:
    """One run."""

    def __init__(self, options: Options, folder: Path, progress: Callable[[int], object]) -> None:
        self._options = options
        self._folder = folder
        self._progress = progress
        self._ledgers = folder / "ledgers"
        self._ledgers.mkdir()
        self._broker = Mosquitto(folder)
        self._database = DATABASES[options.store](folder)
        self._links = [Proxy(self._broker.port) for _ in range(options.devices + 1)]
        """Of each device, and of the recorder."""
        self._recorder = recorder_process(folder, self._links[-1].port, self._database.url)
        self._devices = [
            device_process(folder, self._ledgers, link.port, index, options)
            for index, link in enumerate(self._links[:-1])
        ]
        self._locks: defaultdict[object, asyncio.Lock] = defaultdict(asyncio.Lock)
        """What suffers a fault → held meanwhile, so that the next one finds it well."""
        self._injected: Counter[str] = Counter()
        self._recorder_restarts = 0
        self._draining = False

    async def run(self) -> Result:
        begin = time.monotonic()
        async with AsyncExitStack() as stack:
            for link in self._links:
                await stack.enter_async_context(link)
            await self._start()
            watch = asyncio.ensure_future(self._watch())
            work = asyncio.ensure_future(self._work())
            limit = _LONGEST * self._options.seconds + _LONGEST_DRAIN_SECONDS
            await asyncio.wait((watch, work), timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            if watch.done():
                watch.result()
            if not work.done():
                raise ChaosError(f"expected an end within {limit:.0f} s: see {self._folder}")
            fault_seconds, verdict = work.result()
        return Result(
            verdict=verdict,
            injected=self._injected,
            recorder_restarts=self._recorder_restarts,
            fault_seconds=fault_seconds,
            seconds=time.monotonic() - begin,
        )

    def end(self) -> None:
        """Kills all processes."""
        for program in (*self._devices, self._recorder, self._broker):
            program.kill()
        self._database.kill()

    async def _start(self) -> None:
        await asyncio.to_thread(self._database.start)
        await asyncio.to_thread(self._broker.start)
        # A broker keeps nothing for a recorder that it has not met.
        store = Store(self._database.url)
        self._recorder.start()
        await asyncio.to_thread(
            await_true, lambda: any(beat.connected for beat in store.recorders())
        )
        store.close()
        await asyncio.to_thread(self._broker.await_saved, DEFAULT_CLIENT_ID)
        for device in self._devices:
            device.start()

    async def _work(self) -> tuple[float, Verdict]:
        """Injects all faults, lets every device do its part, and compares.

        Returns:
            How many seconds the faults took, and what became of the windows.
        """
        options = self._options
        begin = time.monotonic()
        running = []
        for fault in faults.plan(options):
            await asyncio.sleep(begin + fault.at_seconds - time.monotonic())
            running.append(asyncio.ensure_future(self._inject(fault)))
        await asyncio.gather(*running)
        seconds = time.monotonic() - begin
        while self._kept() < options.windows:
            await asyncio.sleep(_POLL_SECONDS)
        return seconds, await self._settled_verdict()

    async def _inject(self, fault: Fault) -> None:
        if fault.kind == faults.BROKER_KILLED:
            await self._kill(self._broker, fault.seconds)
        elif fault.kind == faults.AGENT_KILLED:
            assert fault.device is not None
            await self._kill(self._devices[fault.device], fault.seconds)
        elif fault.kind == faults.RECORDER_KILLED:
            await self._kill(self._recorder, fault.seconds)
        elif fault.kind == faults.DATABASE_AWAY:
            async with self._locks[self._database]:
                await asyncio.to_thread(self._database.begin_outage)
                await asyncio.sleep(fault.seconds)
                await asyncio.to_thread(self._database.end_outage)
        else:
            link = self._links[-1 if fault.device is None else fault.device]
            async with self._locks[link]:
                await link.await_link()
                LINK_FAULTS[fault.kind](link)
                await asyncio.sleep(fault.seconds)
                link.heal()
        self._injected[fault.kind] += 1

    async def _kill(self, program: Program, seconds: float) -> None:
        async with self._locks[program]:
            await asyncio.to_thread(program.kill)
            await asyncio.sleep(seconds)
            await asyncio.to_thread(program.start)

    async def _watch(self) -> None:
        """Starts a recorder that gave up again, as systemd would, and shows the progress."""
        while True:
            self._progress(self._kept())
            if self._gave_up(self._recorder):
                self._recorder_restarts += 1
                await self._kill(self._recorder, _RESTART_SECONDS)
            for program in (self._broker, *self._devices):
                if self._gave_up(program) and not self._draining:
                    raise ChaosError(
                        f"expected {program.name} to run until it is killed, it ended by itself: "
                        f"see {program.log}"
                    )
            await asyncio.sleep(_POLL_SECONDS)

    def _gave_up(self, program: Program) -> bool:
        return program.ended and not self._locks[program].locked()

    async def _settled_verdict(self) -> Verdict:
        """Lets the devices deliver the rest, and compares until nothing changes any more."""
        self._draining = True
        for device in self._devices:
            device.send(signal.SIGTERM)
        until = time.monotonic() + _DRAIN_SECONDS
        while not all(device.ended for device in self._devices) and time.monotonic() < until:
            await asyncio.sleep(_POLL_SECONDS)
        verdict = await self._compare()
        quiet_since = time.monotonic()
        while not verdict.clean and time.monotonic() < quiet_since + _QUIET_SECONDS:
            await asyncio.sleep(_POLL_SECONDS)
            before, verdict = verdict, await self._compare()
            if verdict != before:
                quiet_since = time.monotonic()
        self._progress(self._kept())
        return verdict

    async def _compare(self) -> Verdict:
        return await asyncio.to_thread(
            compare, self._ledgers, self._database.url, self._options.seed
        )

    def _kept(self) -> int:
        return sum(map(len, read_ledgers(self._ledgers).values()))
