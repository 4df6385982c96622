"""Checks each message as it came from the network, and keeps it or the reason why not."""

import logging
import time
from datetime import datetime
from typing import Final

from paho.mqtt.client import MQTTMessage

from dashboard.store import Store
from edge_agent.messages import (
    MESSAGES,
    Counts,
    Health,
    MessageError,
    Status,
    parse,
    parse_topic,
)

_LOG_SECONDS: Final = 60.0


def keep(store: Store, message: MQTTMessage, received_at: datetime) -> str | None:
    """Puts what a message says into the store.

    Returns:
        None, or why it was refused: printable, one line, short.

    Raises:
        StoreError: when it could not be kept.
    """
    try:
        _keep(store, message, received_at)
    except (MessageError, UnicodeDecodeError) as error:
        reason = _printable(str(error))
        store.reject(_kind(message), reason, received_at)
        return reason
    return None


def _keep(store: Store, message: MQTTMessage, received_at: datetime) -> None:
    content = parse(message.topic, bytes(message.payload))
    where = parse_topic(message.topic)
    if isinstance(content, Counts):
        store.add_counts(where.site, content, received_at)
    elif isinstance(content, Status):
        store.set_status(where.site, where.device, content, received_at, retained=message.retain)
    elif isinstance(content, Health):
        store.set_health(where.site, where.device, content, received_at)


class SparingLog:
    """Logs a warning at most once a minute, and says how many it left out."""

    def __init__(self, log: logging.Logger) -> None:
        """Nothing is logged yet."""
        self._log = log
        self._next = 0.0
        self._left_out = 0

    def warn(self, text: str, value: object) -> None:
        """Logs ``text`` with its one ``%s`` filled in, or counts it."""
        if time.monotonic() < self._next:
            self._left_out += 1
            return
        left_out = f" (and {self._left_out} more since the last)" if self._left_out else ""
        self._log.warning(text + "%s", value, left_out)
        self._next, self._left_out = time.monotonic() + _LOG_SECONDS, 0


def _kind(message: MQTTMessage) -> str:
    try:
        last = message.topic.rsplit("/", 1)[-1]
    except UnicodeDecodeError:
        return "other"
    return last if last in MESSAGES else "other"


def _printable(text: str) -> str:
    # The reason may quote a stranger: no line breaks or control characters into logs.
    return "".join(c if c.isprintable() else "?" for c in text)[:300]
