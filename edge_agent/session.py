"""One device's conversation with its broker, without a thread or a clock of its own."""

import logging
import ssl
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.config import Mqtt
from edge_agent.messages import Command, Health, MessageError, Status, Topic, parse
from edge_agent.outbox import Outbox
from edge_agent.tls import (
    alert_problem,
    certificate_name,
    handshake_problem,
    read_file,
    tls_context,
)

_LOG = logging.getLogger(__name__)
MAX_IN_FLIGHT: Final = 8
_MAX_NEWS: Final = 100
_CONNECT_SECONDS: Final = 5.0
_ANSWER_SECONDS: Final = 10.0
_ALERT_SECONDS: Final = 0.2
_TICK_SECONDS: Final = 1.0


class MqttSession:
    """What a device has to say, over one connection after another (MQTT 3.1.1).

    Whoever owns it calls `open`, waits until `fileno` can be read (or written, while
    `wants_write`) or `seconds_to_tick` have passed, and then calls `read`, `write` or `tick`,
    until `alive` is false. All of that on one thread; `say` may be called from another. So one
    process can be one device, or thousands.

    Each connection has a client of its own: paho would send again by itself what the outbox
    sends again.

    Args:
        settings: the section ``mqtt``.
        site, device: for the topics and the name that the broker knows.
        will: the status that the broker publishes if this device is lost.
        on_command: called with ``pause`` or ``resume``.
        outbox: the windows to send.
        announcement: topic and payload of one more retained message, sent on every connect.

    Attributes:
        problem: after a connection, why it failed or ended.

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
        outbox: Outbox,
        announcement: tuple[str, bytes] | None = None,
    ) -> None:
        self._settings = settings
        self._client_id = f"{site}:{device}"  # neither part can hold a colon
        self._topics = {
            kind: str(Topic(site, device, kind))
            for kind in ("status", "counts", "health", "command")
        }
        self._will = will
        self._on_command = on_command
        self._outbox = outbox
        self._announcement = announcement
        self._password = _password(settings.password_file)
        self._tls = tls_context(settings)
        _warn_of_another_name(settings, f"{site}/{device}")
        self._status = will
        self._news: deque[Status | Health] = deque(maxlen=_MAX_NEWS)
        """Statuses and reports to send; a new connection begins with the last status alone."""
        self._been_online = False
        self.delivered = False
        """Whether the broker has acknowledged a window since the start."""
        self.problem = "no answer"

        # What follows belongs to the connection.
        self._client: mqtt.Client | None = None
        self._socket: mqtt.SocketLike | None = None
        self._online = False
        self._in_flight: dict[int, int | None] = {}
        """Message id → the window's position in the outbox, or None for a status."""
        self._answer_by = 0.0
        self._next_replay = 0.0

    @property
    def online(self) -> bool:
        """Whether the broker has accepted this device."""
        return self._online

    @property
    def alive(self) -> bool:
        """Whether there is a connection, accepted or not yet."""
        return self._client is not None

    @property
    def settled(self) -> bool:
        """Whether nothing is left to say or to be acknowledged."""
        return not (self._news or self._in_flight or len(self._outbox))

    @property
    def wants_write(self) -> bool:
        """Whether bytes wait for room in the socket's buffer."""
        return self._client is not None and self._client.want_write()

    def say(self, message: Status | Health) -> None:
        """Sends a status, or a report; without a connection, only the last status is sent later."""
        if isinstance(message, Status):
            self._status = message
        elif not self._online:
            return
        self._news.append(message)

    def open(self, host: str, port: int) -> None:
        """Connects, which may take some seconds; `alive` says whether it did."""
        self.close()
        client = self._new_client()
        self._in_flight.clear()
        self.problem = "it closed the connection"
        try:
            client.connect(host, port, self._settings.keepalive_seconds)
        except ssl.SSLError as error:
            self.problem = handshake_problem(error)
        except (OSError, ValueError) as error:
            self.problem = getattr(error, "strerror", None) or str(error)
        self._socket = client.socket()
        if self._socket is not None:
            self._client = client
            self._answer_by = time.monotonic() + _ANSWER_SECONDS

    def fileno(self) -> int:
        """The connection's file descriptor, for a selector."""
        assert self._socket is not None, "expected a connection: call open first"
        return self._socket.fileno()

    def seconds_to_tick(self) -> float:
        """How long `tick` may be left alone while nothing is put, said, read or written."""
        if self._online and self._outbox.replaying and len(self._in_flight) < MAX_IN_FLIGHT:
            return max(0.0, min(_TICK_SECONDS, self._next_replay - time.monotonic()))
        return _TICK_SECONDS

    def read(self) -> None:
        """Takes what the broker sent, and answers."""
        client, connection = self._client, self._socket
        assert client is not None and connection is not None
        self._check(client.loop_read)
        # What TLS has decrypted already does not wake a selector.
        while self._client is not None and getattr(connection, "pending", int)():
            self._check(client.loop_read)
        self.tick()

    def write(self) -> None:
        """Goes on with what did not fit into the socket's buffer."""
        if self._client is not None:
            self._check(self._client.loop_write)

    def tick(self) -> None:
        """Sends what waits, keeps the connection alive, and ends one that no longer answers."""
        if self._client is None:
            return
        self._check(self._client.loop_misc)
        if self._client is None:
            return
        if (self._in_flight or not self._online) and time.monotonic() > self._answer_by:
            self.problem = "no answer"
            self.close()
            return
        if self._online:
            self._send_windows(self._client)
        self.write()

    def send_news(self) -> None:
        """Sends the statuses and reports that wait."""
        if self._client is None or not self._online:
            return
        while self._news:
            message = self._news.popleft()
            if isinstance(message, Status):
                self._send_status(self._client, message)
            else:
                self._client.publish(self._topics["health"], message.to_json(), qos=0)
        self.write()

    def close(self) -> None:
        """Takes leave of the broker; what was not acknowledged is sent on the next connection."""
        if self._client is None:
            return
        client, self._client, self._socket = self._client, None, None
        self._online = False
        # Its farewell is written at once, and its socket closed, when this is called.
        client.disconnect()
        client.loop_write()
        if (left := client.socket()) is not None:
            left.close()

    def _check(self, step: Callable[[], mqtt.MQTTErrorCode]) -> None:
        """Does one of paho's steps, and notes when the connection is over."""
        try:
            over = step() != mqtt.MQTT_ERR_SUCCESS
        except Exception as error:
            # What only looks like a broker can make paho stumble anywhere.
            _LOG.debug("paho stumbled", exc_info=True)
            self.problem = f"an answer that is not MQTT ({type(error).__name__})"
            over = True
        if over:
            self.close()

    def _send_windows(self, client: mqtt.Client) -> None:
        # A few windows at a time: paho would keep the rest in memory, and lose their order.
        while (replay := self._outbox.replaying) is False or time.monotonic() >= self._next_replay:
            taken = self._outbox.take(MAX_IN_FLIGHT)
            if taken is None:
                return
            if replay:
                # A school's devices coming back together must not drown the recorder.
                pause = 1 / self._settings.replay_per_second
                self._next_replay = max(self._next_replay, time.monotonic() - pause) + pause
            sent = client.publish(self._topics["counts"], taken.window.to_json(), qos=1)
            self._expect_answer(sent.mid, taken.position)

    def _send_status(self, client: mqtt.Client, message: Status) -> None:
        sent = client.publish(self._topics["status"], message.to_json(), qos=1, retain=True)
        self._expect_answer(sent.mid, None)

    def _expect_answer(self, message_id: int, position: int | None) -> None:
        if not self._in_flight:
            self._answer_by = time.monotonic() + self._settings.keepalive_seconds
        self._in_flight[message_id] = position

    def _new_client(self) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=self._client_id, protocol=mqtt.MQTTv311
        )
        client.connect_timeout = _CONNECT_SECONDS
        client.will_set(self._topics["status"], self._will.to_json(), qos=1, retain=True)
        if self._settings.username is not None:
            client.username_pw_set(self._settings.username, self._password)
        if self._tls is not None:
            client.tls_set_context(self._tls)
        client.on_connect = self._handle_connect
        client.on_publish = self._handle_publish
        client.on_message = self._handle_message
        client.on_log = self._handle_log
        client.on_socket_close = self._handle_socket_close
        return client

    def _handle_connect(
        self, client: mqtt.Client, userdata: Any, flags: Any, code: Any, properties: Any
    ) -> None:
        if code.is_failure:
            self.problem = f"it refuses this device ({code})"
            return
        client.subscribe(self._topics["command"], qos=1)
        self._outbox.begin_connection()
        self._news.clear()
        status = self._status
        if self._been_online and status.reason == "started":
            status = status.model_copy(update={"reason": "reconnected"})
        self._send_status(client, status)
        if self._announcement is not None:
            topic, payload = self._announcement
            sent = client.publish(topic, payload, qos=1, retain=True)
            self._expect_answer(sent.mid, None)
        self._online = self._been_online = True

    def _handle_publish(
        self, client: mqtt.Client, userdata: Any, mid: int, code: Any, properties: Any
    ) -> None:
        position = self._in_flight.pop(mid, None)
        self._answer_by = time.monotonic() + self._settings.keepalive_seconds
        if position is not None:
            self._outbox.acknowledge(position)
            self.delivered = True

    def _handle_message(self, client: mqtt.Client, userdata: Any, message: Any) -> None:
        try:
            command = parse(message.topic, message.payload)
        except MessageError as error:
            _LOG.warning("ignored a message: %s", error)
            return
        if isinstance(command, Command) and not message.retain:
            _LOG.info("command: %s", command.command)
            self._on_command(command.command)

    def _handle_log(self, client: mqtt.Client, userdata: Any, level: int, text: str) -> None:
        # Only here does paho tell of an alert that comes after the handshake, as in TLS 1.3.
        if level == mqtt.MQTT_LOG_ERR and (problem := alert_problem(text)) is not None:
            self.problem = problem

    def _handle_socket_close(self, client: mqtt.Client, userdata: Any, connection: Any) -> None:
        # A broker that refuses a certificate closes at once: our first message then fails before
        # its alert is read.
        if self._online or not isinstance(connection, ssl.SSLSocket):
            return
        try:
            connection.settimeout(_ALERT_SECONDS)
            connection.recv(1)
        except OSError as error:
            self.problem = alert_problem(str(error)) or self.problem


def _warn_of_another_name(settings: Mqtt, own: str) -> None:
    """A broker that goes by names acknowledges what is not allowed, and drops it."""
    name = settings.username
    if settings.certificate_file is not None:
        name = certificate_name(settings.certificate_file)
    if name is not None and name != own:
        _LOG.warning(
            "this device is %s, but logs in as %r: a broker set up as in docs/broker.md drops all "
            "that it sends; correct deployment.site and deployment.device, or the login",
            *(own, name),
        )


def _password(file: str | None) -> str | None:
    if file is None:
        return None
    return (read_file(file).splitlines() or [""])[0]
