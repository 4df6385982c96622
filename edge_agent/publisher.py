"""The way out of the agent, and its simplest kind: JSON lines on standard output."""

import json
import sys
from collections.abc import Callable
from typing import Protocol, TextIO

from edge_agent.messages import Counts, Health, OutboxState, Status, Topic


class Publisher(Protocol):
    """What the agent needs of a way out."""

    @property
    def outbox_depth(self) -> int:
        """Windows that the other side does not have yet."""

    @property
    def outbox_state(self) -> OutboxState:
        """Where they wait."""

    @property
    def windows_lost(self) -> int:
        """Windows dropped since the start because too many waited."""

    @property
    def delivered(self) -> bool:
        """Whether the other side has acknowledged a window since the start."""

    def connect(self, status: Status, *, stopping: Callable[[], bool]) -> None:
        """Opens the way and tells the first state; gives up once `stopping` says so."""

    def status(self, message: Status) -> None:
        """Tells the device's state."""

    def counts(self, message: Counts) -> None:
        """Delivers a window, now or when the connection is back."""

    def health(self, message: Health) -> None:
        """Delivers a report, or drops it when there is no connection."""

    def close(self, message: Status) -> None:
        """Says the last status and ends."""


class PrintPublisher:
    """Writes each message as one JSON line ``{"topic": …, "payload": …}``.

    Args:
        site, device: for the topics.
        stream: where to write; standard output by default.
    """

    outbox_depth = 0
    outbox_state: OutboxState = "memory"
    windows_lost = 0
    delivered = True

    def __init__(self, site: str, device: str, stream: TextIO | None = None) -> None:
        self._site, self._device = site, device
        self._stream = stream or sys.stdout

    def connect(self, status: Status, *, stopping: Callable[[], bool]) -> None:
        self._write("status", status)

    def status(self, message: Status) -> None:
        self._write("status", message)

    def counts(self, message: Counts) -> None:
        self._write("counts", message)

    def health(self, message: Health) -> None:
        self._write("health", message)

    def close(self, message: Status) -> None:
        self._write("status", message)

    def _write(self, kind: str, message: Status | Counts | Health) -> None:
        topic = str(Topic(self._site, self._device, kind))
        line = json.dumps({"topic": topic, "payload": message.model_dump(mode="json")})
        print(line, file=self._stream, flush=True)
