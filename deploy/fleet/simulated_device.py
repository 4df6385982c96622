"""One device of a simulated fleet: the agent's own session and outbox, without a camera."""

import time
from array import array
from typing import Final

from deploy.fleet.plan import SITE, Plan
from edge_agent.config import Mqtt
from edge_agent.messages import Counts
from edge_agent.outbox import Outbox
from edge_agent.session import MqttSession

FIRST_PAUSE_SECONDS: Final = 1.0


class SimulatedDevice:
    """A session, and what the loop that serves it knows of it.

    Args:
        index: which device of the plan.
        broker: where to.
        latencies_ms: grows by one with each window that is acknowledged.

    Attributes:
        watched: the file descriptor that the loop's selector knows, if any.
        writing: whether the selector looks for room to write, too.
        online: whether the connection was accepted when last looked at.
        pause: before the next try to connect, in seconds.
    """

    def __init__(self, index: int, plan: Plan, broker: Mqtt, latencies_ms: "array[float]") -> None:
        self.index = index
        self.outbox = _TimedOutbox(latencies_ms)
        self.session = MqttSession(
            broker,
            site=SITE,
            device=plan.device(index),
            will=plan.status(index, lost=True),
            on_command=lambda _: None,
            outbox=self.outbox,
        )
        self.session.say(plan.status(index))
        self.watched: int | None = None
        self.online = self.writing = False
        self.pause = FIRST_PAUSE_SECONDS


class _TimedOutbox(Outbox):
    """Notes how long each window waits for its first acknowledgement."""

    def __init__(self, latencies_ms: "array[float]") -> None:
        super().__init__()
        self._latencies_ms = latencies_ms
        self._put_at: dict[int, float] = {}

    def put(self, window: Counts) -> None:
        super().put(window)
        # Positions count from 1, windows from 0.
        self._put_at[window.seq + 1] = time.monotonic()

    def acknowledge(self, position: int) -> None:
        super().acknowledge(position)
        if (at := self._put_at.pop(position, None)) is not None:
            self._latencies_ms.append(1000 * (time.monotonic() - at))
