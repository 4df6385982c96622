"""Thousands of simulated devices in one process, each with the agent's own session and outbox."""

import gc
import heapq
import random
import selectors
import time
from array import array
from typing import Any, Final

import psutil
from tqdm import tqdm

from deploy.fleet.outcome import Outcome, percentiles
from deploy.fleet.plan import Plan
from deploy.fleet.simulated_device import FIRST_PAUSE_SECONDS, SimulatedDevice
from edge_agent.config import Mqtt

CONNECTS_PER_SECOND: Final = 400
"""How quickly devices come; a broker's queue of connections to accept is short."""
_STEP_SECONDS: Final = 0.005
_TICK_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 60.0
_PATIENCE_SECONDS: Final = 60.0
"""How long nothing may happen before the fleet gives up."""


class FleetError(Exception):
    """Why a fleet cannot run, in one sentence."""


class Fleet:
    """The devices of a plan, on one thread.

    Args:
        plan: what they send.
        broker: where to; on this machine.

    Raises:
        FleetError: for a broker beyond this machine.
    """

    def __init__(self, plan: Plan, broker: Mqtt) -> None:
        if not broker.is_loopback():
            raise _not_here(broker.host)
        self._plan = plan
        self._rate = plan.devices / plan.window_seconds
        self._address = (broker.host, broker.port)
        self._latencies = array("f")
        self._devices = [
            SimulatedDevice(index, plan, broker, self._latencies) for index in range(plan.devices)
        ]
        self._selector = selectors.DefaultSelector()
        self._to_connect: list[tuple[float, int]] = []
        """A heap of when, and which device."""
        self._online_once: set[int] = set()
        self._offered = self._ticked = self._reconnects = 0

    def run(self, *, progress: bool = False) -> Outcome:
        """Connects all, lets each window end at its time, and waits for the last answer.

        Raises:
            FleetError: when the devices cannot connect.
        """
        # Nothing that exists by now will be garbage: the collector need not look at it again.
        gc.freeze()
        try:
            connect_seconds = self._connect_all(progress)
            return self._send_all(connect_seconds, progress)
        finally:
            for device in self._devices:
                device.session.close()
            self._selector.close()
            gc.unfreeze()

    def _connect_all(self, progress: bool) -> float:
        began = self._began_ticking = time.monotonic()
        self._to_connect = [
            (began + device.index / CONNECTS_PER_SECOND, device.index) for device in self._devices
        ]
        until = began + len(self._devices) / CONNECTS_PER_SECOND + _PATIENCE_SECONDS
        with tqdm(total=len(self._devices), unit="device", disable=not progress) as bar:
            while (connected := len(self._online_once)) < len(self._devices):
                self._step()
                bar.update(len(self._online_once) - connected)
                if time.monotonic() > until:
                    problem = next(d.session.problem for d in self._devices if not d.session.online)
                    raise FleetError(
                        f"{self._address[0]}:{self._address[1]}: expected {len(self._devices)} "
                        f"devices to connect, got {connected}: {problem}"
                    )
        return time.monotonic() - began

    def _send_all(self, connect_seconds: float, progress: bool) -> Outcome:
        total = self._plan.windows
        began, cpu_began = time.monotonic(), time.process_time()
        last = began
        with tqdm(total=total, unit="window", disable=not progress) as bar:
            while self._offered < total and time.monotonic() < last + _PATIENCE_SECONDS:
                self._offer(min(total, int((time.monotonic() - began) * self._rate) + 1))
                last = self._await_answers(bar) or last
            offer_seconds = time.monotonic() - began
            cpu_share = (time.process_time() - cpu_began) / offer_seconds
            while len(self._latencies) < total and time.monotonic() < last + _PATIENCE_SECONDS:
                last = self._await_answers(bar) or last
        return Outcome(
            offered=self._offered,
            acknowledged=len(self._latencies),
            began=began,
            offer_seconds=offer_seconds,
            seconds=last - began,
            connect_seconds=connect_seconds,
            latency_ms=percentiles(self._latencies),
            reconnects=self._reconnects,
            cpu_share=cpu_share,
            memory_mb=psutil.Process().memory_info().rss / 1e6,
        )

    def _await_answers(self, bar: "tqdm[Any]") -> float | None:
        """One step; returns when, if it brought an acknowledgement."""
        before = len(self._latencies)
        self._step()
        bar.update(len(self._latencies) - before)
        return time.monotonic() if len(self._latencies) > before else None

    def _offer(self, due: int) -> None:
        """Ends the windows whose time has come."""
        for number in range(self._offered, due):
            seq, index = divmod(number, len(self._devices))
            device = self._devices[index]
            device.outbox.put(self._plan.window(index, seq))
            device.session.tick()
            self._watch(device)
        self._offered = max(self._offered, due)

    def _step(self) -> None:
        """What all connections have to say at the moment."""
        # Woken by each answer alone, the loop would do little else than wait.
        time.sleep(_STEP_SECONDS)
        for key, events in self._selector.select(0):
            device: SimulatedDevice = key.data
            if events & selectors.EVENT_READ:
                device.session.read()
            else:
                device.session.write()
            self._watch(device)
        now = time.monotonic()
        while self._to_connect and self._to_connect[0][0] <= now:
            self._connect(self._devices[heapq.heappop(self._to_connect)[1]])
        due = int((now - self._began_ticking) / _TICK_SECONDS * len(self._devices))
        for number in range(max(self._ticked, due - len(self._devices)), due):
            device = self._devices[number % len(self._devices)]
            device.session.tick()
            self._watch(device)
        self._ticked = due

    def _connect(self, device: SimulatedDevice) -> None:
        device.session.open(*self._address)
        if device.session.alive:
            device.watched = device.session.fileno()
            self._selector.register(device.watched, selectors.EVENT_READ, device)
        else:
            self._connect_later(device)

    def _connect_later(self, device: SimulatedDevice) -> None:
        at = time.monotonic() + device.pause * random.uniform(0.3, 1.0)
        device.pause = min(2 * device.pause, _LONGEST_PAUSE_SECONDS)
        heapq.heappush(self._to_connect, (at, device.index))

    def _watch(self, device: SimulatedDevice) -> None:
        """Tells the selector what a session waits for now; connects again where it has ended."""
        session = device.session
        if device.watched is None:
            return
        if not session.alive:
            self._selector.unregister(device.watched)
            device.watched, device.writing = None, False
            self._reconnects += device.online
            device.online = False
            self._connect_later(device)
            return
        if session.online and not device.online:
            device.online, device.pause = True, FIRST_PAUSE_SECONDS
            self._online_once.add(device.index)
        if session.wants_write != device.writing:
            device.writing = session.wants_write
            writing = selectors.EVENT_WRITE if device.writing else 0
            self._selector.modify(device.watched, selectors.EVENT_READ | writing, device)


def read_broker(address: str) -> Mqtt:
    """Reads ``host:port``.

    Raises:
        FleetError: where it is none, or not on this machine.
    """
    host, _, port = address.rpartition(":")
    try:
        return Mqtt(host=host, port=int(port))
    except ValueError as error:  # pydantic's is one, too: without TLS, only loopback is valid
        raise _not_here(address) from error


def _not_here(broker: str) -> FleetError:
    return FleetError(
        f"expected a broker on this machine, such as 127.0.0.1:1883, got {broker!r}: to any other, "
        "a fleet is a flood"
    )
