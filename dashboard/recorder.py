"""Listens to all devices on MQTT, and keeps what they say in the store."""

import itertools
import logging
import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from paho.mqtt.client import Client, ConnectFlags, MQTTErrorCode, MQTTMessage
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from dashboard.backoff import Backoff
from dashboard.broker import Broker
from dashboard.inbox import Inbox
from dashboard.situation import BEAT_SECONDS
from dashboard.sparing_log import SparingLog
from dashboard.store import FORGET_AT_ONCE, Store, StoreError
from edge_agent.messages import ROOT

DEFAULT_CLIENT_ID: Final = "classroom-recorder"
DEFAULT_KEEP_DAYS: Final = 90
_KEEPALIVE_SECONDS: Final = 30
_FORGET_SECONDS: Final = 3600.0
_FORGET_MORE_SECONDS: Final = 0.1

log = logging.getLogger(__name__)


class Recorder:
    """Moves messages from a broker into a store until it is told to stop.

    The broker keeps the session of ``client_id`` while the recorder is away, and a message is
    acknowledged only once it is in the store, so that neither a restart nor a full disk
    loses a window.
    """

    def __init__(
        self,
        store: Store,
        broker: Broker,
        *,
        others: Sequence[Broker] = (),
        client_id: str = DEFAULT_CLIENT_ID,
        share: str | None = None,
        keep_days: int = DEFAULT_KEEP_DAYS,
    ) -> None:
        """Connects nothing yet.

        Args:
            others: brokers of the same cluster, tried in turn; TLS and login are the first's.
            share: name of a group of recorders, among which the broker divides the windows.
            keep_days: how long a window is kept.
        """
        self._store = store
        self._broker = broker
        self._next_broker = itertools.cycle([broker, *others]).__next__
        self._client_id = client_id
        self._share = share
        self._keep = timedelta(days=keep_days)
        self._stop = threading.Event()
        self._troubles = SparingLog(log)
        self._backoff = Backoff(1.0, 60.0)
        self._next_beat = self._next_forget = 0.0
        self._ready = self._refused = False
        self._client = broker.client(client_id, keeps_session=True)
        self._inbox = Inbox(store, self._client.ack)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message

    def stop(self) -> None:
        """Asks `run` to return soon; safe in a signal handler and from other threads."""
        self._stop.set()

    def run(self) -> None:
        """Records until `stop`; outlives a missing broker and a store that fails later.

        Raises:
            StoreError: when the store cannot be written at the start.
        """
        self._store.beat(self._client_id, False, _now())
        while not self._stop.is_set():
            self._broker = self._next_broker()
            try:
                self._client.connect(
                    self._broker.host, self._broker.port, keepalive=_KEEPALIVE_SECONDS
                )
                self._listen()
            except OSError as error:
                log.warning(
                    "The broker %s cannot be reached (%s). Check its address and that it runs.",
                    self._broker,
                    error,
                )
            self._wait()
        self._client.disconnect()
        try:
            self._store.end_beat(self._client_id)
        except StoreError as error:
            log.warning("%s", error)

    def _listen(self) -> None:
        """Reads and writes until the connection ends."""
        self._ready = self._refused = False
        while not self._stop.is_set():
            known = len(self._inbox)
            result = self._client.loop(self._inbox.patience_seconds)
            if result != MQTTErrorCode.MQTT_ERR_SUCCESS:
                if not self._refused:
                    log.warning("The broker %s has closed the connection.", self._broker)
                return
            if self._inbox.is_full:
                self._troubles.warn(
                    "%s messages wait for the store: the broker must hold the rest.",
                    len(self._inbox),
                )
                self._client.disconnect()
                self._await_store()
                return
            self._inbox.write_if_due(quiet=len(self._inbox) == known)
            self._upkeep()

    def _await_store(self) -> None:
        """Pauses until the store can be written again."""
        backoff = Backoff(0.5, 10.0)
        while not self._stop.is_set():
            try:
                self._store.beat(self._client_id, False, _now())
                return
            except StoreError as error:
                self._troubles.warn("%s", error)
            self._stop.wait(backoff.next_seconds())

    def _wait(self) -> None:
        """Pauses before the next try, each time longer, keeping the sign of life fresh."""
        self._ready = False
        # What came and was not acknowledged comes again, on a new connection.
        self._inbox.clear()
        delay = self._backoff.next_seconds()
        until = time.monotonic() + delay
        if not self._stop.is_set():
            log.info("Trying again in %.0f s.", delay)
        while (left := until - time.monotonic()) > 0 and not self._stop.is_set():
            self._upkeep()
            self._stop.wait(min(left, BEAT_SECONDS / 2))

    def _upkeep(self) -> None:
        now = time.monotonic()
        if self._inbox.store_away:
            self._next_beat = now  # as soon as it is back
            return
        try:
            if now >= self._next_beat:
                self._next_beat = now + BEAT_SECONDS
                self._store.beat(self._client_id, self._ready, _now())
            if now >= self._next_forget:
                self._next_forget = now + _FORGET_SECONDS
                if self._store.forget(_now() - self._keep) == FORGET_AT_ONCE:
                    self._next_forget = now + _FORGET_MORE_SECONDS
        except StoreError as error:
            self._troubles.warn("%s", error)

    def _on_connect(
        self,
        client: Client,
        _userdata: Any,
        _flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._refused = True
            log.warning(
                "The broker %s refused the recorder (%s). Check --username and the password.",
                self._broker,
                reason,
            )
            return
        client.subscribe(subscriptions(self._share))
        if self._share is not None:
            # The session may be from a time without a group, and would get everything.
            client.unsubscribe([topic for topic, _ in subscriptions(None)[1:]])

    def _on_subscribe(
        self,
        _client: Client,
        _userdata: Any,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            log.warning("The broker forbids reading %s/#. Check its access list.", ROOT)
            return
        log.info("Recording from %s into %s.", self._broker, self._store.name)
        self._ready = True
        self._next_beat = 0.0
        self._backoff.reset()

    def _on_message(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        self._inbox.add(message)


def subscriptions(share: str | None) -> list[tuple[str, int]]:
    """The topics of a recorder and their QoS; the first is ``status``.

    Status is never shared: a broker sends what it retains to ordinary subscriptions only.
    """
    prefix = "" if share is None else f"$share/{share}/"
    shared = [(f"{prefix}{ROOT}/+/+/{kind}", 1) for kind in ("counts", "health")]
    return [(f"{ROOT}/+/+/status", 1), *shared]


def _now() -> datetime:
    return datetime.now(timezone.utc)
