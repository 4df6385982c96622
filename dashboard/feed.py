"""Listens to the broker for the pages: what is new at once, and commands to the devices.

One connection serves all sessions. Its thread only fills a bounded memory, which the pages
read; it never draws.
"""

import logging
import secrets
import threading
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Final, Literal

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from dashboard.broker import Broker
from dashboard.records import Window, window_of
from dashboard.sparing_log import SparingLog
from edge_agent.messages import (
    ROOT,
    Command,
    Counts,
    MessageError,
    Status,
    Topic,
    parse,
    parse_topic,
)

WINDOWS_KEPT: Final = 200
"""Newest windows kept of each room; what is older is in the store."""
ROOMS_KEPT: Final = 2000
_KEEPALIVE_SECONDS: Final = 20
_LONGEST_WAIT_SECONDS: Final = 30

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Heard:
    """What one room's device said since the feed listens.

    Attributes:
        version: grows with every message.
        answered_at: when it last published a status itself; the broker's memory does not count.
        windows: the newest `WINDOWS_KEPT`, in the order in which they came.
    """

    version: int = 0
    status: Status | None = None
    status_at: datetime | None = None
    answered_at: datetime | None = None
    windows: tuple[Window, ...] = ()


@dataclass
class _Memory:
    version: int = 0
    status: Status | None = None
    status_at: datetime | None = None
    answered_at: datetime | None = None
    windows: deque[Window] = field(default_factory=lambda: deque(maxlen=WINDOWS_KEPT))


class Feed:
    """A subscription to every room that the broker lets this login read."""

    def __init__(self, broker: Broker) -> None:
        """Begins to connect, and goes on trying until `close`."""
        self._broker = broker
        self._lock = threading.Lock()
        self._rooms: OrderedDict[tuple[str, str], _Memory] = OrderedDict()
        self._ready = False
        self._troubles = SparingLog(log)
        # What is missed while away is in the store: the broker need not keep it.
        name = f"dashboard-{secrets.token_hex(8)}"
        self._client = broker.client(name, keeps_session=False)
        self._client.reconnect_delay_set(1, _LONGEST_WAIT_SECONDS)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.connect_async(broker.host, broker.port, keepalive=_KEEPALIVE_SECONDS)
        self._client.loop_start()

    def close(self) -> None:
        """Leaves the broker."""
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def connected(self) -> bool:
        """Whether the broker hands on what devices say."""
        return self._ready

    def heard(self, site: str, device: str) -> Heard:
        """What a room said; empty where it said nothing yet."""
        with self._lock:
            memory = self._rooms.get((site, device))
            if memory is None:
                return Heard()
            return Heard(
                memory.version,
                memory.status,
                memory.status_at,
                memory.answered_at,
                tuple(memory.windows),
            )

    def version(self, site: str, device: str) -> int:
        """Grows with every message of a room; 0 before the first."""
        with self._lock:
            memory = self._rooms.get((site, device))
            return 0 if memory is None else memory.version

    def command(self, site: str, device: str, word: Literal["pause", "resume"]) -> bool:
        """Asks a device; the answer is its next status. False: the broker is away, nothing sent."""
        if not self._ready:
            return False
        topic, payload = str(Topic(site, device, "command")), Command(command=word).to_json()
        sent = self._client.publish(topic, payload, qos=1)
        return sent.rc == MQTTErrorCode.MQTT_ERR_SUCCESS

    def _on_connect(
        self,
        client: Client,
        _userdata: Any,
        _flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._troubles.warn(
                f"The broker {self._broker} refused the pages (%s). Check the login.", reason
            )
            return
        client.subscribe([(f"{ROOT}/+/+/{kind}", 1) for kind in ("status", "counts")])

    def _on_subscribe(
        self,
        _client: Client,
        _userdata: Any,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            self._troubles.warn("The broker forbids reading %s/#. Check its access list.", ROOT)
            return
        self._ready = True

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: Any,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._ready = False
        if reason.is_failure:
            self._troubles.warn("The broker %s has left the pages.", self._broker)

    def _on_message(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        now = datetime.now(timezone.utc)
        try:
            where = parse_topic(message.topic)
            content = parse(message.topic, bytes(message.payload))
        except (MessageError, UnicodeDecodeError):
            return  # the recorder counts it, and says why
        with self._lock:
            memory = self._rooms.setdefault((where.site, where.device), _Memory())
            self._rooms.move_to_end((where.site, where.device))
            if len(self._rooms) > ROOMS_KEPT:
                self._rooms.popitem(last=False)
            if isinstance(content, Counts):
                window = window_of(content, now)
                if window is not None:
                    memory.windows.append(window)
            elif isinstance(content, Status):
                memory.status, memory.status_at = content, now
                if not message.retain and content.reason != "connection_lost":
                    memory.answered_at = now
            memory.version += 1
