"""Delivers messages: over MQTT, or as JSON lines on standard output."""

import json
import logging
import ssl
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol, TextIO

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.config import Mqtt
from edge_agent.errors import BrokerError, ConfigError
from edge_agent.messages import Command, Counts, Health, MessageError, Status, Topic, parse
from edge_agent.outbox import Outbox

_LOG = logging.getLogger(__name__)
_MAX_IN_FLIGHT: Final = 8
_FIRST_CONNECT_SECONDS: Final = 15
_LAST_WORDS_SECONDS: Final = 1.5


class Publisher(Protocol):
    """What the agent needs of a way out."""

    @property
    def outbox_depth(self) -> int:
        """Windows that the other side does not have yet."""

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

    def __init__(self, site: str, device: str, stream: TextIO | None = None) -> None:
        self._site, self._device = site, device
        self._stream = stream or sys.stdout

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


class MqttPublisher:
    """Publishes over MQTT 3.1.1 and listens for commands.

    Args:
        settings: the section ``mqtt``.
        site, device: for the topics.
        will: the status that the broker publishes if this device is lost.
        on_command: called with ``pause`` or ``resume``, on the network thread.

    Raises:
        ConfigError: for a certificate or password file that cannot be read.
        BrokerError: when the broker cannot be reached and `wait_for_broker` is false, or when
            it refuses this device.
    """

    def __init__(
        self,
        settings: Mqtt,
        *,
        site: str,
        device: str,
        will: Status,
        on_command: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._topics = {
            kind: str(Topic(site, device, kind))
            for kind in ("status", "counts", "health", "command")
        }
        self._on_command = on_command
        self._outbox = Outbox()
        self._pump_lock = threading.Lock()
        self._in_flight: dict[int, int] = {}
        self._connected = threading.Event()
        self._answered = threading.Event()
        self._refusal: str | None = None
        self._status: Status | None = None
        self._was_connected = False

        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=f"{site}-{device}", protocol=mqtt.MQTTv311
        )
        client.will_set(self._topics["status"], will.to_json(), qos=1, retain=True)
        _secure(client, settings)
        client.reconnect_delay_set(min_delay=1, max_delay=60)
        client.on_connect = self._handle_connect
        client.on_connect_fail = self._handle_connect_fail
        client.on_disconnect = self._handle_disconnect
        client.on_publish = self._handle_publish
        client.on_message = self._handle_message
        self._client = client

    def connect(self, status: Status) -> None:
        """Connects, and says `status` whenever a connection stands."""
        self._status = status
        self._client.connect_async(
            self._settings.host, self._settings.port, self._settings.keepalive_seconds
        )
        self._client.loop_start()
        where = f"{self._settings.host}:{self._settings.port}"
        if self._settings.wait_for_broker:
            return
        answered = self._answered.wait(_FIRST_CONNECT_SECONDS)
        if self._connected.is_set():
            return
        reason = self._refusal or ("no answer" if not answered else "refused")
        self._client.loop_stop()
        raise BrokerError(
            f"{where}: expected an MQTT broker, got: {reason}; start the broker, correct mqtt.host "
            "and mqtt.port, or set mqtt.wait_for_broker to keep trying"
        )

    @property
    def outbox_depth(self) -> int:
        return len(self._outbox)

    def status(self, message: Status) -> None:
        self._status = message
        if self._connected.is_set():
            self._client.publish(self._topics["status"], message.to_json(), qos=1, retain=True)

    def counts(self, message: Counts) -> None:
        if not self._connected.is_set():
            message = message.model_copy(update={"replayed": True})
        self._outbox.put(message)
        self._pump()

    def health(self, message: Health) -> None:
        if self._connected.is_set():
            self._client.publish(self._topics["health"], message.to_json(), qos=0)

    def close(self, message: Status) -> None:
        """Says the last status, waits a moment for its acknowledgement, and disconnects."""
        if self._connected.is_set():
            last = self._client.publish(
                self._topics["status"], message.to_json(), qos=1, retain=True
            )
            try:
                last.wait_for_publish(_LAST_WORDS_SECONDS)
            except (ValueError, RuntimeError):
                _LOG.warning("the broker went away before the last status was delivered")
        self._client.disconnect()
        self._client.loop_stop()

    def _pump(self) -> None:
        """Hands paho a few windows at a time; it would keep the rest in memory, and lose order."""
        with self._pump_lock:
            while self._connected.is_set():
                window = self._outbox.take(_MAX_IN_FLIGHT)
                if window is None:
                    return
                sent = self._client.publish(self._topics["counts"], window.to_json(), qos=1)
                self._in_flight[sent.mid] = window.seq

    def _handle_connect(
        self, client: mqtt.Client, userdata: Any, flags: Any, code: Any, properties: Any
    ) -> None:
        if code.is_failure:
            self._refusal = str(code)
            _LOG.error("the broker refused this device: %s", code)
            self._answered.set()
            return
        _LOG.info("connected to the broker")
        client.subscribe(self._topics["command"], qos=1)
        if self._status is not None:
            status = self._status
            if self._was_connected and status.reason == "started":
                status = status.model_copy(update={"reason": "reconnected"})
            client.publish(self._topics["status"], status.to_json(), qos=1, retain=True)
        self._was_connected = True
        self._connected.set()
        self._answered.set()
        self._pump()

    def _handle_connect_fail(self, client: mqtt.Client, userdata: Any) -> None:
        error = sys.exc_info()[1]
        if self._refusal is None:
            self._refusal = (getattr(error, "strerror", None) or str(error)) if error else None
        if not self._was_connected and not self._answered.is_set():
            _LOG.warning("cannot reach the broker: %s", self._refusal or "no answer")
        self._answered.set()

    def _handle_disconnect(
        self, client: mqtt.Client, userdata: Any, flags: Any, code: Any, properties: Any
    ) -> None:
        self._connected.clear()
        with self._pump_lock:
            self._in_flight.clear()
            self._outbox.return_unacknowledged()
        if code.is_failure:
            _LOG.warning("lost the broker: %s", code)

    def _handle_publish(
        self, client: mqtt.Client, userdata: Any, mid: int, code: Any, properties: Any
    ) -> None:
        with self._pump_lock:
            seq = self._in_flight.pop(mid, None)
        if seq is not None:
            self._outbox.acknowledge(seq)
            self._pump()

    def _handle_message(self, client: mqtt.Client, userdata: Any, message: Any) -> None:
        # An exception would end paho's thread: nothing a stranger sends may raise here.
        try:
            command = parse(message.topic, message.payload)
        except MessageError as error:
            _LOG.warning("ignored a message: %s", error)
            return
        if isinstance(command, Command) and not message.retain:
            _LOG.info("command: %s", command.command)
            self._on_command(command.command)


def _secure(client: mqtt.Client, settings: Mqtt) -> None:
    if settings.username is not None:
        client.username_pw_set(settings.username, _password(settings.password_file))
    if settings.ca_file is None:
        return
    for file in (settings.ca_file, settings.certificate_file, settings.key_file):
        if file is not None:
            _readable(file)
    try:
        client.tls_set(
            ca_certs=settings.ca_file,
            certfile=settings.certificate_file,
            keyfile=settings.key_file,
            tls_version=ssl.PROTOCOL_TLS_CLIENT,
        )
    except (ssl.SSLError, ValueError, OSError) as error:
        raise ConfigError(f"mqtt: expected PEM certificates, got: {error}") from error


def _password(file: str | None) -> str | None:
    if file is None:
        return None
    return (_readable(file).splitlines() or [""])[0]


def _readable(file: str) -> str:
    try:
        return Path(file).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: expected a readable file for mqtt, got: {error}") from error
