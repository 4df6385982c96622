"""Moves messages from the queue that IoT Core's rule fills into the store."""

import base64
import binascii
import json
import logging
import threading
import time
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from paho.mqtt.client import MQTTMessage
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dashboard.backoff import Backoff
from dashboard.batch import Batch
from dashboard.intake import Arrival, check
from dashboard.situation import BEAT_SECONDS
from dashboard.sparing_log import SparingLog
from dashboard.store import FORGET_AT_ONCE, Store, StoreError
from edge_agent.messages import MAX_PAYLOAD_BYTES

_AT_ONCE: Final = 10
_WAIT_SECONDS: Final = 5
_FORGET_SECONDS: Final = 3600.0
log = logging.getLogger(__name__)


class HandedOn(BaseModel):
    """What the rule makes of a message."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    payload: str = Field(max_length=2 * MAX_PAYLOAD_BYTES)
    topic: str = Field(max_length=256)
    received_ms: int = Field(ge=0, le=2**53)


class Feeder:
    """Takes messages, and deletes them from the queue once they are in the store.

    A message that comes twice, late or in another order changes nothing: the store keeps one of
    each window, and no older words of a device in place of newer ones.

    Args:
        store: where they go.
        queue_url: of the stack ``broker.yaml``.
        name: of this feeder among others.
        keep_days: how long windows are kept.
    """

    def __init__(self, store: Store, queue_url: str, *, name: str, keep_days: int) -> None:
        self._store = store
        self._queue_url = queue_url
        self._name = name
        self._keep = timedelta(days=keep_days)
        self._sqs: Any = boto3.client("sqs")
        self._stop = threading.Event()
        self._troubles = SparingLog(log)
        self._rejections = SparingLog(log)
        self._next_beat = self._next_forget = 0.0

    def stop(self) -> None:
        """Asks `run` to return soon; safe in a signal handler."""
        self._stop.set()

    def run(self) -> None:
        """Feeds until `stop`; waits for a queue or a store that is away."""
        backoff = Backoff(1.0, 60.0)
        while not self._stop.is_set():
            try:
                self._upkeep()
                self.feed_once()
                backoff.reset()
            except (StoreError, BotoCoreError, ClientError) as error:
                # Nothing was deleted: the queue gives it out again.
                self._troubles.warn("%s", error)
                self._stop.wait(backoff.next_seconds())
        self._store.end_beat(self._name)

    def feed_once(self) -> int:
        """Takes up to ten messages; returns how many there were."""
        answer = self._sqs.receive_message(
            QueueUrl=self._queue_url, MaxNumberOfMessages=_AT_ONCE, WaitTimeSeconds=_WAIT_SECONDS
        )
        messages = answer.get("Messages", [])
        if not messages:
            return 0
        arrivals, strange = [], Batch()
        for message in messages:
            arrival = _arrival(message["Body"])
            if arrival is None:
                reason = "expected what the rule hands on, got something else"
                strange.reject("other", "not_handed_on", reason, datetime.now(timezone.utc))
            else:
                arrivals.append(arrival)
        batch, reasons = check(sorted(arrivals, key=lambda arrival: arrival.received_at))
        self._store.write(batch)
        if strange.rejected:
            self._store.write(strange)
        for reason in reasons:
            self._rejections.warn("Message refused: %s", reason)
        self._sqs.delete_message_batch(
            QueueUrl=self._queue_url,
            Entries=[
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(messages)
            ],
        )
        return len(messages)

    def _upkeep(self) -> None:
        now, moment = time.monotonic(), datetime.now(timezone.utc)
        if now >= self._next_beat:
            self._next_beat = now + BEAT_SECONDS
            self._store.beat(self._name, True, moment)
        if now >= self._next_forget:
            self._next_forget = now + _FORGET_SECONDS
            if self._store.forget(moment - self._keep) == FORGET_AT_ONCE:
                self._next_forget = now


def _arrival(body: str) -> Arrival | None:
    """A message as the recorder would have got it; None for what is none."""
    try:
        handed_on = HandedOn.model_validate(json.loads(body))
        payload = base64.b64decode(handed_on.payload, validate=True)
        message = MQTTMessage(topic=handed_on.topic.encode())
    except (ValueError, ValidationError, binascii.Error, RecursionError):
        return None
    message.payload = payload
    received_at = datetime.fromtimestamp(
        min(handed_on.received_ms / 1000, time.time()), timezone.utc
    )
    return Arrival(message, received_at)
