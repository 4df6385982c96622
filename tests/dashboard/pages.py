"""The pages as a process, and a device that speaks through the agent's own code."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

from dashboard import confusion
from dashboard.store import Store
from edge_agent.config import Mqtt
from edge_agent.messages import Status
from edge_agent.mqtt_publisher import MqttPublisher
from tests.dashboard.conftest import batch_for, running_dashboard
from tests.dashboard.device_messages import counts
from tests.dashboard.device_messages import status as any_status
from tests.dashboard.school import lesson
from tests.support import await_port, free_port

SITE = "school-a"
ROOM = "room-12"


def status(state: str = "online", reason: str = "started") -> Status:
    """A device with the released networks."""
    said, known = any_status(state, reason), confusion.released()
    if known is None:
        return said
    hashes = said.model_sha256.model_copy(update={"emotion_classifier": known.sha256})
    return said.model_copy(update={"model_sha256": hashes})


@contextmanager
def running_pages(*arguments: str) -> Iterator[str]:
    """``python -m dashboard show`` on a free port: its address."""
    port = free_port()
    with running_dashboard("show", "--port", str(port), *arguments) as process:
        await_port(port, process)
        yield f"http://127.0.0.1:{port}"


class Device:
    """A device that publishes what it is told, and pauses and resumes when asked.

    Attributes:
        commands: what it was asked, in order.
        obedient: whether it answers.
    """

    def __init__(self, port: int, *, device: str = ROOM) -> None:
        """Connects and says that it is online."""
        self.commands: list[str] = []
        self.obedient = True
        self._device = device
        self._lock = threading.Lock()
        self._seq = 0
        self._publisher = MqttPublisher(
            Mqtt.model_validate({"port": port}),
            site=SITE,
            device=device,
            will=status("offline", "connection_lost"),
            on_command=self._on_command,
        )
        self._publisher.connect(status(), stopping=lambda: False)

    def put(self, end: datetime | None = None, **more: Any) -> None:
        """Publishes a window that ends now."""
        end = end or datetime.now(timezone.utc)
        with self._lock:
            more = {"end": end, "device": self._device, **more}
            self._publisher.counts(counts(self._seq, **more))
            self._seq += 1

    def say(self, state: Status) -> None:
        """Publishes a status."""
        self._publisher.status(state)

    def close(self) -> None:
        """Says that it ends."""
        self._publisher.close(status("offline", "stopped"))

    def _on_command(self, word: str) -> None:
        self.commands.append(word)
        if self.obedient:
            self.say(
                status("paused", "command_pause")
                if word == "pause"
                else status("online", "command_resume")
            )


@contextmanager
def device(port: int, **more: Any) -> Iterator[Device]:
    """A device at work."""
    one = Device(port, **more)
    try:
        yield one
    finally:
        one.close()


def fill_lesson(
    store: Store, start: datetime, minutes: float, *, seed: int, device: str = ROOM, **more: Any
) -> None:
    """A past lesson in the store, with a boot of its own."""
    with batch_for(store) as batch:
        batch.set_status(SITE, device, status(), start + timedelta(minutes=minutes))
        for sent in lesson(
            start, minutes, seed=seed, boot_id=f"{seed:032x}", device=device, **more
        ):
            batch.add_counts(SITE, sent, sent.window_end)


def fill_recent(store: Store, now: datetime, *, minutes: float = 6, device: str = ROOM) -> None:
    """A lesson that goes on, up to a moment."""
    fill_lesson(store, now - timedelta(minutes=minutes), minutes, seed=4, device=device)
