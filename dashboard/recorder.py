"""Listens to all devices on MQTT, checks every message, and keeps it in the store."""

import logging
import random
import threading
import time
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from paho.mqtt.client import Client, ConnectFlags, MQTTErrorCode, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from dashboard.broker import Broker
from dashboard.intake import SparingLog, keep
from dashboard.situation import BEAT_SECONDS
from dashboard.store import Store, StoreError
from edge_agent.messages import ROOT

DEFAULT_CLIENT_ID: Final = "classroom-recorder"
DEFAULT_KEEP_DAYS: Final = 90
SUBSCRIPTIONS: Final = [(f"{ROOT}/+/+/{kind}", 1) for kind in ("status", "counts", "health")]
_KEEPALIVE_SECONDS: Final = 30
_FIRST_DELAY_SECONDS: Final = 1.0
_LONGEST_DELAY_SECONDS: Final = 60.0
_FORGET_SECONDS: Final = 3600.0

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
        client_id: str = DEFAULT_CLIENT_ID,
        keep_days: int = DEFAULT_KEEP_DAYS,
    ) -> None:
        """Connects nothing yet; ``keep_days`` is how long a window is kept."""
        self._store = store
        self._broker = broker
        self._client_id = client_id
        self._keep = timedelta(days=keep_days)
        self._stop = threading.Event()
        self._rejections = SparingLog(log)
        self._store_troubles = SparingLog(log)
        self._next_beat = self._next_forget = 0.0
        self._delay_seconds = _FIRST_DELAY_SECONDS
        self._ready = self._refused = self._store_failed = False
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id, clean_session=False, manual_ack=True
        )
        if broker.username is not None:
            self._client.username_pw_set(broker.username, broker.password)
        if broker.tls is not None:
            self._client.tls_set_context(broker.tls)
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
        self._ready = self._refused = False
        result = MQTTErrorCode.MQTT_ERR_SUCCESS
        while result == MQTTErrorCode.MQTT_ERR_SUCCESS:
            result = self._client.loop(timeout=0.5)
            self._upkeep()
            if self._stop.is_set():
                return
            if self._store_failed:
                # The broker sends again what was not acknowledged, but only on a new connection.
                self._store_failed = False
                self._client.disconnect()
                return
        if not self._refused:
            log.warning("The broker %s has closed the connection.", self._broker)

    def _wait(self) -> None:
        """Pauses before the next try, each time longer, keeping the sign of life fresh."""
        self._ready = False
        delay = self._delay_seconds * random.uniform(0.5, 1.0)
        self._delay_seconds = min(2 * self._delay_seconds, _LONGEST_DELAY_SECONDS)
        until = time.monotonic() + delay
        if not self._stop.is_set():
            log.info("Trying again in %.0f s.", delay)
        while (left := until - time.monotonic()) > 0 and not self._stop.is_set():
            self._upkeep()
            self._stop.wait(min(left, BEAT_SECONDS / 2))

    def _upkeep(self) -> None:
        now = time.monotonic()
        try:
            if now >= self._next_beat:
                self._next_beat = now + BEAT_SECONDS
                self._store.beat(self._client_id, self._ready, _now())
            if now >= self._next_forget:
                self._next_forget = now + _FORGET_SECONDS
                self._store.forget(_now() - self._keep)
        except StoreError as error:
            self._store_troubles.warn("%s", error)

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
        client.subscribe(SUBSCRIPTIONS)

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
        self._delay_seconds = _FIRST_DELAY_SECONDS

    def _on_message(self, client: Client, _userdata: Any, message: MQTTMessage) -> None:
        if self._store_failed:
            return  # in order: what follows is sent again too
        try:
            refused = keep(self._store, message, _now())
        except StoreError as error:
            self._store_failed = True
            self._store_troubles.warn("%s", error)
            return
        if refused is not None:
            self._rejections.warn("Message refused: %s", refused)
        client.ack(message.mid, message.qos)


def _now() -> datetime:
    return datetime.now(timezone.utc)
