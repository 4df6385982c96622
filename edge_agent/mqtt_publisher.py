"""Delivers messages over MQTT, on a thread of its own that outlives every connection."""

import contextlib
import logging
import math
import random
import selectors
import socket
import threading
import time
from collections.abc import Callable
from typing import Final

from edge_agent.config import Mqtt
from edge_agent.errors import BrokerError
from edge_agent.messages import Counts, Health, OutboxState, Status
from edge_agent.outbox import Outbox
from edge_agent.session import MqttSession

_LOG = logging.getLogger(__name__)
_STEP_SECONDS: Final = 0.1
_FIRST_CONNECT_SECONDS: Final = 15.0
_LAST_WINDOWS_SECONDS: Final = 0.8
_LAST_WORDS_SECONDS: Final = 0.6
_RETRY_SECONDS: Final = (1.0, 60.0)
_CLOCK_JUMP_SECONDS: Final = 30.0


class MqttPublisher:
    """Keeps a device connected to one of its brokers, and delivers through it.

    Args:
        settings: the section ``mqtt``.
        site, device: for the topics and the name that the broker knows.
        will: the status that the broker publishes if this device is lost.
        on_command: called with ``pause`` or ``resume``, on the network thread.
        outbox: where windows wait; in memory by default.
        announcement: topic and payload of one more retained message, sent on every connect.

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
        outbox: Outbox | None = None,
        announcement: tuple[str, bytes] | None = None,
    ) -> None:
        self._settings = settings
        self._outbox = Outbox() if outbox is None else outbox
        self._session = MqttSession(
            settings,
            site=site,
            device=device,
            will=will,
            on_command=on_command,
            outbox=self._outbox,
            announcement=announcement,
        )
        # A byte in one end wakes the thread, which waits for the other.
        self._alarm, self._bell = socket.socketpair()
        self._alarm.setblocking(False)
        self._bell.setblocking(False)
        self._tried = threading.Event()
        self._closing = threading.Event()
        self._been_online = False
        self._windows_by = self._close_by = math.inf
        self._thread = threading.Thread(target=self._serve, name="mqtt", daemon=True)

    def connect(self, status: Status, *, stopping: Callable[[], bool]) -> None:
        """Connects, and says `status` whenever a connection stands.

        Raises:
            BrokerError: when no broker can be reached or accepts this device, unless
                `wait_for_broker` is set.
        """
        self._session.say(status)
        self._thread.start()
        if self._settings.wait_for_broker:
            return
        until = time.monotonic() + _FIRST_CONNECT_SECONDS
        while not self._tried.wait(_STEP_SECONDS) and time.monotonic() < until:
            if stopping():
                return
        if not self._been_online:
            self._closing.set()
            where = " and ".join(f"{host}:{port}" for host, port in self._settings.addresses())
            raise BrokerError(
                f"{where}: expected an MQTT broker, got: {self._session.problem}; start the "
                "broker, correct the section mqtt, or set mqtt.wait_for_broker to keep trying"
            )

    @property
    def outbox_depth(self) -> int:
        return len(self._outbox)

    @property
    def outbox_state(self) -> OutboxState:
        return self._outbox.state

    @property
    def windows_lost(self) -> int:
        return self._outbox.lost

    @property
    def delivered(self) -> bool:
        return self._session.delivered

    def status(self, message: Status) -> None:
        self._session.say(message)
        self._wake()

    def counts(self, message: Counts) -> None:
        """Delivers a window; where the outbox has a file, it is on the disk on return."""
        self._outbox.put(message)
        self._wake()

    def health(self, message: Health) -> None:
        self._session.say(message)
        self._wake()

    def close(self, message: Status) -> None:
        """Says the last status, waits a moment until all is delivered, and disconnects."""
        self._session.say(message)
        self._windows_by = time.monotonic() + _LAST_WINDOWS_SECONDS
        self._close_by = self._windows_by + _LAST_WORDS_SECONDS
        self._closing.set()
        self._wake()
        if self._thread.ident is not None:
            # Where it is stuck in a connect, it ends with the process.
            self._thread.join(_LAST_WINDOWS_SECONDS + _LAST_WORDS_SECONDS + 2 * _STEP_SECONDS)
        if not self._session.settled:
            kept = "the outbox keeps them" if self._outbox.state == "disk" else "they are lost"
            _LOG.warning("the broker does not have the last messages of this device; %s", kept)
        self._outbox.close()

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # it is full of alarms already
            self._alarm.send(b"!")

    def _serve(self) -> None:
        """The thread: tries one broker after another, with growing pauses between the rounds."""
        addresses = self._settings.addresses()
        first, longest = _RETRY_SECONDS
        wait = first
        while not self._closing.is_set():
            offset = _clock_offset()
            for host, port in list(addresses):
                # Whoever held the connection last is the last to be asked again.
                addresses = [*addresses[1:], addresses[0]]
                if self._hold_connection(host, port):
                    wait = first
                    break
                if self._closing.is_set():
                    return
            self._tried.set()
            # Jitter keeps a school full of devices from coming back in step.
            self._pause(wait * random.uniform(0.3, 1.0), offset)
            wait = min(2 * wait, longest)

    def _hold_connection(self, host: str, port: int) -> bool:
        """One connection, from its beginning to its end; whether the broker accepted it."""
        session = self._session
        session.open(host, port)
        accepted = False
        with selectors.DefaultSelector() as selector:
            selector.register(self._bell, selectors.EVENT_READ)
            connection = session.fileno() if session.alive else None
            if connection is not None:
                selector.register(connection, selectors.EVENT_READ)
            while session.alive and connection is not None:
                if session.online and not accepted:
                    accepted = self._been_online = True
                    self._tried.set()
                    _LOG.info("connected to %s:%d", host, port)
                if self._closing.is_set() and self._may_leave():
                    session.close()
                    return accepted
                self._wait(selector, connection)
        if not self._closing.is_set() and (self._been_online or self._settings.wait_for_broker):
            _LOG.warning("no connection to %s:%d: %s", host, port, session.problem)
        return accepted

    def _wait(self, selector: selectors.BaseSelector, connection: int) -> None:
        """Sleeps until there is something to do, and does it."""
        session = self._session
        writing = selectors.EVENT_WRITE if session.wants_write else 0
        selector.modify(connection, selectors.EVENT_READ | writing)
        seconds = _STEP_SECONDS if self._closing.is_set() else session.seconds_to_tick()
        for key, events in selector.select(seconds):
            if key.fd == self._bell.fileno():
                self._bell.recv(4096)
            elif events & selectors.EVENT_READ:
                session.read()
            else:
                session.write()
        # Windows first: one that was put before a status goes before it, unless many wait. The
        # last status waits for them all, within reason.
        session.tick()
        if not (self._closing.is_set() and self._windows_are_due()):
            session.send_news()

    def _windows_are_due(self) -> bool:
        return self._outbox.waiting and time.monotonic() < self._windows_by

    def _may_leave(self) -> bool:
        session = self._session
        return session.settled or not session.online or time.monotonic() > self._close_by

    def _pause(self, seconds: float, offset: float) -> None:
        """Waits so long, but no longer than until the end or until the clock is set right."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            # A clock that was wrong may be why the broker's certificate was refused.
            if abs(_clock_offset() - offset) > _CLOCK_JUMP_SECONDS:
                return
            if self._closing.wait(min(1.0, left)):
                return


def _clock_offset() -> float:
    """How far the clock on the wall is from the one that nobody sets."""
    return time.time() - time.monotonic()
