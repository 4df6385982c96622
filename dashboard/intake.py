"""Checks each message as it came from the network: into a batch, or counted as refused."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from paho.mqtt.client import MQTTMessage

from dashboard.batch import Batch
from edge_agent.messages import Counts, Health, MessageError, Status, parse, parse_topic


class Arrival(NamedTuple):
    """A message as it came, and when."""

    message: MQTTMessage
    received_at: datetime


def check(arrivals: Iterable[Arrival]) -> tuple[Batch, list[str]]:
    """Reads messages in the order in which they came.

    Returns:
        What to write, and why messages were refused: printable, one line each, short.
    """
    batch, reasons = Batch(), []
    for message, received_at in arrivals:
        try:
            _add(batch, message, received_at)
        except UnicodeDecodeError as error:
            reason = f"expected a topic in UTF-8, got {error}"
            batch.reject("other", "topic", reason, received_at)
            reasons.append(reason)
        except MessageError as error:
            reason = _printable(str(error))
            kind = message.topic.rpartition("/")[-1]
            batch.reject(kind, error.cause, reason, received_at)
            reasons.append(reason)
    return batch, reasons


def _add(batch: Batch, message: MQTTMessage, received_at: datetime) -> None:
    topic = message.topic
    content = parse(topic, bytes(message.payload))
    where = parse_topic(topic)
    if isinstance(content, Counts):
        batch.add_counts(where.site, content, received_at)
    elif isinstance(content, Status):
        batch.set_status(where.site, where.device, content, received_at, retained=message.retain)
    elif isinstance(content, Health):
        batch.set_health(where.site, where.device, content, received_at)


def _printable(text: str) -> str:
    # The reason may quote a stranger: no line breaks or control characters into logs.
    return "".join(c if c.isprintable() else "?" for c in text)[:300]
