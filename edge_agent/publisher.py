"""Delivers messages: over MQTT, or as JSON lines on standard output."""

import json
import logging
import math
import random
import ssl
import sys
import threading
import time
from collections import deque
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
_MAX_NEWS: Final = 100
_STEP_SECONDS: Final = 0.1
_ANSWER_SECONDS: Final = 10.0
_FIRST_CONNECT_SECONDS: Final = 15.0
_LAST_WINDOWS_SECONDS: Final = 0.8
_LAST_WORDS_SECONDS: Final = 0.6
_RETRY_SECONDS: Final = (1.0, 60.0)


class Publisher(Protocol):
    """What the agent needs of a way out."""

    @property
    def outbox_depth(self) -> int:
        """Windows that the other side does not have yet."""

    def connect(self, status: Status, *, stopping: Callable[[], bool]) -> None:
        """Opens the way and tells the first state; gives up once `stopping` says so."""

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

    def connect(self, status: Status, *, stopping: Callable[[], bool]) -> None:
        self._write("status", status)

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

    One thread owns the connection, so that no lock is shared with paho. Each connection has a
    client of its own: paho would send again by itself what the outbox sends again.

    Args:
        settings: the section ``mqtt``.
        site, device: for the topics.
        will: the status that the broker publishes if this device is lost.
        on_command: called with ``pause`` or ``resume``, on the network thread.

    Raises:
        ConfigError: for a certificate or password file that cannot be read.
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
        self._client_id = f"{site}-{device}"
        self._topics = {
            kind: str(Topic(site, device, kind))
            for kind in ("status", "counts", "health", "command")
        }
        self._will = will
        self._on_command = on_command
        self._password = _password(settings.password_file)
        self._tls = _tls_context(settings)
        self._outbox = Outbox()
        self._status = will
        self._news: deque[tuple[str, Status | Health]] = deque(maxlen=_MAX_NEWS)
        """Statuses and reports to send; a new connection begins with the last status alone."""
        self._online = threading.Event()
        self._tried = threading.Event()
        self._closing = threading.Event()
        self._windows_by = self._close_by = math.inf
        self._thread = threading.Thread(target=self._serve, name="mqtt", daemon=True)

        # What follows belongs to the thread.
        self._in_flight: dict[int, int | None] = {}
        """Message id → the window's seq, or None for a status."""
        self._accepted = False
        self._was_online = False
        self._problem = "no answer"

    def connect(self, status: Status, *, stopping: Callable[[], bool]) -> None:
        """Connects, and says `status` whenever a connection stands.

        Raises:
            BrokerError: when the broker cannot be reached or refuses this device, unless
                `wait_for_broker` is set.
        """
        self._status = status
        self._thread.start()
        if self._settings.wait_for_broker:
            return
        until = time.monotonic() + _FIRST_CONNECT_SECONDS
        while not self._tried.wait(_STEP_SECONDS) and time.monotonic() < until:
            if stopping():
                return
        if not self._online.is_set():
            self._closing.set()
            raise BrokerError(
                f"{self._where()}: expected an MQTT broker, got: {self._problem}; start the "
                "broker, correct the section mqtt, or set mqtt.wait_for_broker to keep trying"
            )

    @property
    def outbox_depth(self) -> int:
        return len(self._outbox)

    def status(self, message: Status) -> None:
        self._status = message
        self._news.append(("status", message))

    def counts(self, message: Counts) -> None:
        self._outbox.put(message)

    def health(self, message: Health) -> None:
        if self._online.is_set():
            self._news.append(("health", message))

    def close(self, message: Status) -> None:
        """Says the last status, waits a moment until all is delivered, and disconnects."""
        self.status(message)
        self._windows_by = time.monotonic() + _LAST_WINDOWS_SECONDS
        self._close_by = self._windows_by + _LAST_WORDS_SECONDS
        self._closing.set()
        if self._thread.ident is None:
            return
        # Where it is stuck in a connect, it ends with the process.
        self._thread.join(_LAST_WINDOWS_SECONDS + _LAST_WORDS_SECONDS + 2 * _STEP_SECONDS)
        if self._news or self._outbox:
            _LOG.warning("the broker does not have the last messages of this device")

    def _serve(self) -> None:
        """The thread: connects again and again, with growing pauses."""
        wait, longest = _RETRY_SECONDS
        while not self._closing.is_set():
            try:
                self._hold_connection()
            except (OSError, ValueError) as error:
                self._problem = getattr(error, "strerror", None) or str(error)
            except Exception as error:
                # What only looks like a broker can make paho stumble anywhere.
                _LOG.debug("paho stumbled", exc_info=True)
                self._problem = f"an answer that is not MQTT ({type(error).__name__})"
            if self._accepted:
                wait = _RETRY_SECONDS[0]
            self._online.clear()
            self._tried.set()
            if self._closing.is_set():
                return
            if self._was_online or self._settings.wait_for_broker:
                _LOG.warning("no connection to %s: %s", self._where(), self._problem)
            # Jitter keeps a school full of devices from coming back in step.
            self._closing.wait(wait * random.uniform(0.7, 1.3))
            wait = min(2 * wait, longest)

    def _hold_connection(self) -> None:
        """One connection, from its beginning to its end."""
        self._accepted = False
        self._in_flight.clear()
        client = self._new_client()
        client.connect(self._settings.host, self._settings.port, self._settings.keepalive_seconds)
        self._problem = "it closed the connection"
        answer_by = time.monotonic() + _ANSWER_SECONDS
        try:
            while client.loop(_STEP_SECONDS) == mqtt.MQTT_ERR_SUCCESS:
                if self._accepted:
                    self._send(client)
                elif time.monotonic() > answer_by:
                    self._problem = "no answer"
                    return
                if self._closing.is_set() and self._may_leave():
                    return
        finally:
            client.disconnect()

    def _may_leave(self) -> bool:
        delivered = not (self._news or self._in_flight or self._outbox)
        return delivered or not self._accepted or time.monotonic() > self._close_by

    def _send(self, client: mqtt.Client) -> None:
        # Counted before the windows are sent, sent after: a window that was put before a status
        # goes before it, unless many wait. The last status waits for them all, within reason.
        number_of_news = len(self._news)
        # A few windows at a time: paho would keep the rest in memory, and lose their order.
        while (window := self._outbox.take(_MAX_IN_FLIGHT)) is not None:
            sent = client.publish(self._topics["counts"], window.to_json(), qos=1)
            self._in_flight[sent.mid] = window.seq
        if self._closing.is_set() and self._outbox.waiting and time.monotonic() < self._windows_by:
            return
        for _ in range(number_of_news):
            kind, message = self._news.popleft()
            if isinstance(message, Status):
                self._send_status(client, message)
            else:
                client.publish(self._topics[kind], message.to_json(), qos=0)

    def _send_status(self, client: mqtt.Client, message: Status) -> None:
        sent = client.publish(self._topics["status"], message.to_json(), qos=1, retain=True)
        self._in_flight[sent.mid] = None

    def _new_client(self) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=self._client_id, protocol=mqtt.MQTTv311
        )
        client.will_set(self._topics["status"], self._will.to_json(), qos=1, retain=True)
        if self._settings.username is not None:
            client.username_pw_set(self._settings.username, self._password)
        if self._tls is not None:
            client.tls_set_context(self._tls)
        client.on_connect = self._handle_connect
        client.on_publish = self._handle_publish
        client.on_message = self._handle_message
        return client

    def _handle_connect(
        self, client: mqtt.Client, userdata: Any, flags: Any, code: Any, properties: Any
    ) -> None:
        if code.is_failure:
            self._problem = f"it refuses this device ({code})"
            return
        _LOG.info("connected to %s", self._where())
        client.subscribe(self._topics["command"], qos=1)
        self._outbox.return_unacknowledged()
        self._news.clear()
        status = self._status
        if self._was_online and status.reason == "started":
            status = status.model_copy(update={"reason": "reconnected"})
        self._send_status(client, status)
        self._accepted = self._was_online = True
        self._online.set()
        self._tried.set()

    def _handle_publish(
        self, client: mqtt.Client, userdata: Any, mid: int, code: Any, properties: Any
    ) -> None:
        seq = self._in_flight.pop(mid, None)
        if seq is not None:
            self._outbox.acknowledge(seq)

    def _handle_message(self, client: mqtt.Client, userdata: Any, message: Any) -> None:
        try:
            command = parse(message.topic, message.payload)
        except MessageError as error:
            _LOG.warning("ignored a message: %s", error)
            return
        if isinstance(command, Command) and not message.retain:
            _LOG.info("command: %s", command.command)
            self._on_command(command.command)

    def _where(self) -> str:
        return f"{self._settings.host}:{self._settings.port}"


def _tls_context(settings: Mqtt) -> ssl.SSLContext | None:
    if settings.ca_file is None:
        return None
    for file in (settings.ca_file, settings.certificate_file, settings.key_file):
        if file is not None:
            _readable(file)
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
        if settings.certificate_file is not None:
            # Without a password, an encrypted key would be asked for on the terminal.
            context.load_cert_chain(settings.certificate_file, settings.key_file, password="")
    except (ssl.SSLError, ValueError, OSError) as error:
        raise ConfigError(f"mqtt: expected PEM certificates, got: {error}") from error
    return context


def _password(file: str | None) -> str | None:
    if file is None:
        return None
    return (_readable(file).splitlines() or [""])[0]


def _readable(file: str) -> str:
    try:
        return Path(file).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: expected a readable file for mqtt, got: {error}") from error
