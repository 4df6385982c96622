"""Measures broker, recorder and simulated devices on this machine: how many, how fast."""

import contextlib
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from deploy.fleet import check
from deploy.fleet.check import Verdict
from deploy.fleet.outcome import Outcome
from deploy.fleet.plan import Plan
from deploy.fleet.simulator import Fleet
from deploy.loopback import HOST, free_port
from deploy.measure import processes
from deploy.measure.processes import Program, Usage
from edge_agent.config import Mqtt

DEVICES: Final = (1, 10, 100, 1_000, 10_000)
WINDOW_SECONDS: Final = 5.0
RECORDERS: Final = 3
_STEP_RATE: Final = 500
_MOST_RATE: Final = 20_000
_BEHIND_SECONDS: Final = 5.0
_BEHIND_SHARE: Final = 0.97
_DRAIN_DEVICES: Final = 1_000
_DRAIN_RATE: Final = 2_000
_LOOK_SECONDS: Final = 0.2


@dataclass(frozen=True)
class Run:
    """One measurement.

    Attributes:
        rate: windows a second that were asked for.
        drained_seconds: from the last acknowledgement until the store had all.
    """

    devices: int
    rate: float
    outcome: Outcome
    verdict: Verdict
    drained_seconds: float
    broker: Usage
    recorder: Usage

    @property
    def acknowledged_rate(self) -> float:
        """Windows a second that the broker took."""
        return self.outcome.acknowledged / self.outcome.seconds

    @property
    def kept_rate(self) -> float:
        """Windows a second that reached the store."""
        return self.verdict.kept / (self.outcome.seconds + self.drained_seconds)

    @property
    def falls_behind(self) -> bool:
        """Whether broker or recorder did not keep up, or something is missing."""
        return (
            not self.verdict.clean
            or self.outcome.acknowledged < self.outcome.offered
            or self.outcome.offered / self.outcome.offer_seconds < _BEHIND_SHARE * self.rate
            or self.acknowledged_rate < _BEHIND_SHARE * self.rate
            or self.drained_seconds > _BEHIND_SECONDS
        )


@dataclass(frozen=True)
class SharedRun:
    """Several recorders of one group, of which one was killed and started again."""

    devices: int
    outcome: Outcome
    verdict: Verdict


def by_devices(folder: Path, seconds: float) -> Iterator[Run]:
    """One run for each number of devices, each with a window every five seconds."""
    for devices in DEVICES:
        yield run(folder, devices, devices / WINDOW_SECONDS, seconds)


def ceiling(folder: Path, seconds: float, *, start: float) -> Iterator[Run]:
    """Runs of the largest fleet at growing rates; the last one fell behind."""
    rate = start
    while rate <= _MOST_RATE:
        last = run(folder, DEVICES[-1], rate, seconds)
        yield last
        if last.falls_behind:
            return
        rate += _STEP_RATE


def run(folder: Path, devices: int, rate: float, seconds: float) -> Run:
    """One fleet, one broker and one recorder, all new."""
    plan = Plan.of_rate(devices, rate, seconds)
    with (
        _fleets() as fleets,
        _broker(folder) as (broker, port, store),
        processes.running_recorder(folder, port, store) as recorder,
    ):
        outcome = fleets.submit(_run_fleet, plan, port).result()
        last = outcome.began + outcome.seconds
        check.await_all(store, plan)
        drained = time.monotonic() - last
        return Run(
            devices=devices,
            rate=rate,
            outcome=outcome,
            verdict=check.check(store, plan),
            drained_seconds=drained,
            broker=broker.usage(outcome.began, outcome.offer_seconds),
            recorder=recorder.usage(outcome.began, outcome.offer_seconds),
        )


def drain(folder: Path, windows: int) -> float:
    """Windows a second that a recorder keeps which was away, and has nothing else beside it."""
    plan = Plan.of_rate(_DRAIN_DEVICES, _DRAIN_RATE, windows / _DRAIN_RATE)
    with _broker(folder) as (_, port, store), _fleets() as fleets:
        with processes.running_recorder(folder, port, store):
            pass  # the broker knows its session from now on
        fleets.submit(_run_fleet, plan, port).result()
        with processes.running_recorder(folder, port, store):
            began = time.monotonic()
            check.await_all(store, plan)
            return check.count(store, plan) / (time.monotonic() - began)


def shared(folder: Path, devices: int, rate: float, seconds: float) -> SharedRun:
    """Recorders share the windows; one is killed in the middle and started again."""
    plan = Plan.of_rate(devices, rate, seconds)
    with _broker(folder) as (_, port, store), _fleets() as fleets, contextlib.ExitStack() as stack:

        def start(number: int) -> Program:
            name = f"recorder-{number}"
            started = processes.running_recorder(folder, port, store, name=name, share="recorders")
            return stack.enter_context(started)

        recorders = [start(number) for number in range(1, RECORDERS + 1)]
        fleet = fleets.submit(_run_fleet, plan, port)
        _await_kept(store, plan, plan.windows // 3, fleet)
        recorders[0].kill()
        _await_kept(store, plan, plan.windows // 2, fleet)
        start(1)
        outcome = fleet.result()
        check.await_all(store, plan)
        return SharedRun(devices, outcome, check.check(store, plan))


def _await_kept(store: str, plan: Plan, windows: int, fleet: "Future[Outcome]") -> None:
    while check.count(store, plan) < windows and not fleet.done():
        time.sleep(_LOOK_SECONDS)


@contextmanager
def _broker(folder: Path) -> Iterator[tuple[Program, int, str]]:
    """A new broker, its port, and the address of a store that is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        new, port = Path(name).absolute(), free_port()
        with processes.running_mosquitto(new, port) as broker:
            yield broker, port, f"sqlite:///{new}/counts.db"


def _fleets() -> ProcessPoolExecutor:
    # A process of its own, of which nothing but the fleet needs processor and memory.
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"))


def _run_fleet(plan: Plan, port: int) -> Outcome:
    return Fleet(plan, Mqtt(host=HOST, port=port)).run()
