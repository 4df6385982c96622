"""Holds what came from the broker until it is in the store, and only then acknowledges it."""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Final

from paho.mqtt.client import MQTTMessage

from dashboard.backoff import Backoff
from dashboard.intake import Arrival, check
from dashboard.sparing_log import SparingLog
from dashboard.store import Store, StoreError

BATCH_MESSAGES: Final = 500
BATCH_SECONDS: Final = 0.1
"""A batch is written when it is so large or so old, or when nothing came for a moment."""
_QUIET_SECONDS: Final = 0.002
_IDLE_SECONDS: Final = 0.5
_MOST_WAITING: Final = 10_000

log = logging.getLogger(__name__)


class Inbox:
    """Messages on their way into the store, written in batches.

    When the store fails nothing is acknowledged; the same messages are tried again, later each
    time, until it is back.

    Attributes:
        store_away: whether the last try to write failed.
    """

    def __init__(self, store: Store, acknowledge: Callable[[int, int], object]) -> None:
        """Begins empty; ``acknowledge`` is called with the mid and QoS of what is kept."""
        self._store = store
        self._acknowledge = acknowledge
        self._rejections = SparingLog(log)
        self._troubles = SparingLog(log)
        self._backoff = Backoff(0.5, 10.0)
        self.clear()

    def clear(self) -> None:
        """Lets go of everything."""
        self._waiting: list[Arrival] = []
        self._write_by = 0.0
        self.store_away = False

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether more waits for a store that is away than memory should hold."""
        return self.store_away and len(self._waiting) >= _MOST_WAITING

    @property
    def patience_seconds(self) -> float:
        """How long to wait for another message before `write_if_due`."""
        return _QUIET_SECONDS if self._waiting and not self.store_away else _IDLE_SECONDS

    def add(self, message: MQTTMessage) -> None:
        """Takes a message that has just come."""
        if self.store_away and message.qos == 0:
            return  # nobody could hold these back; newer ones will come
        if not self._waiting:
            self._write_by = time.monotonic() + BATCH_SECONDS
        self._waiting.append(Arrival(message, datetime.now(timezone.utc)))

    def write_if_due(self, *, quiet: bool) -> None:
        """Writes a batch, if it is time.

        Args:
            quiet: nothing came for a moment. A broker may await an answer before it sends more.
        """
        if not self._waiting:
            return
        full = quiet or len(self._waiting) >= BATCH_MESSAGES
        if time.monotonic() >= self._write_by or (full and not self.store_away):
            self._write()

    def _write(self) -> None:
        arrivals = self._waiting[:BATCH_MESSAGES]
        batch, reasons = check(arrivals)
        try:
            self._store.write(batch)
        except StoreError as error:
            self.store_away = True
            self._write_by = time.monotonic() + self._backoff.next_seconds()
            self._troubles.warn("%s", error)
            return
        for message, _ in arrivals:
            self._acknowledge(message.mid, message.qos)
        del self._waiting[: len(arrivals)]
        self._write_by = time.monotonic() + BATCH_SECONDS
        self._backoff.reset()
        for reason in reasons:
            self._rejections.warn("Message refused: %s", reason)
        if self.store_away:
            self.store_away = False
            log.info("The store %s is back.", self._store.name)
