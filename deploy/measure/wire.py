"""Measures what a device and its broker exchange: bytes on the wire, TLS and headers included."""

import contextlib
import selectors
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from deploy import mosquitto_files
from deploy.certificates import authority
from deploy.fleet.plan import SITE, Plan
from deploy.loopback import HOST, free_port
from deploy.measure import processes
from edge_agent.config import Mqtt
from edge_agent.outbox import Outbox
from edge_agent.session import MqttSession

_MESSAGES: Final = 40
_QUIET_SECONDS: Final = 0.1
"""Longer than Linux waits before it acknowledges a segment that needs no answer."""


class WireError(Exception):
    """Why it cannot be measured, in one sentence."""


class Traffic(NamedTuple):
    """Bytes with the headers of IPv4 and TCP: from the device, and to it."""

    sent: float
    received: float


@dataclass(frozen=True)
class WireFootprint:
    """What one device and its broker exchange over TLS.

    Attributes:
        payload: bytes of a window's JSON.
        connect: handshake with both certificates, login, subscription and status.
        window: its PUBLISH and PUBACK, and the segments that acknowledge them.
        health: a report.
    """

    payload: float
    connect: Traffic
    window: Traffic
    health: Traffic


def measure(plan: Plan, folder: Path) -> WireFootprint:
    """Bytes between a device and Mosquitto as it is shipped: TLS, both sides with certificates.

    Raises:
        ProcessError: where there is no Mosquitto.
        WireError: where the device cannot connect.
    """
    certificates, port = folder / "certificates", free_port()
    authority.create(certificates, [HOST], days=2)
    device = plan.device(0)
    files = authority.Authority(certificates).issue(f"{SITE}/{device}", days=2)
    config = mosquitto_files.write(
        folder / "broker",
        certificates,
        certificate_port=port,
        password_port=free_port(),
    )
    settings = Mqtt(
        host=HOST,
        port=port,
        ca_file=str(files / "authority.pem"),
        certificate_file=str(files / "certificate.pem"),
        key_file=str(files / "key.pem"),
    )
    box = Outbox()
    session = MqttSession(
        settings,
        site=SITE,
        device=device,
        will=plan.status(0, lost=True),
        on_command=lambda _: None,
        outbox=box,
    )
    session.say(plan.status(0))
    with processes.running_broker(config, folder / "broker.log", port):
        session.open(settings.host, settings.port)
        if not _serve(session, lambda: session.online and session.settled):
            raise WireError(f"expected a connection to Mosquitto, got: {session.problem}")
        try:
            link = _Link(session)
            connect = link.traffic(Traffic(0, 0))
            payload = 0
            for window in islice(plan.all_windows(), _MESSAGES):
                box.put(window)
                payload += len(window.to_json())
                _serve(session, lambda: session.settled)
            windows = link.traffic(connect)
            before = link.traffic(Traffic(0, 0))
            for _ in range(_MESSAGES):
                session.say(plan.health(0))
                session.send_news()
                time.sleep(_QUIET_SECONDS)
            reports = link.traffic(before)
        finally:
            session.close()
    return WireFootprint(
        payload / _MESSAGES,
        connect,
        Traffic(*(number / _MESSAGES for number in windows)),
        Traffic(*(number / _MESSAGES for number in reports)),
    )


class _Link:
    """The kernel's own counts of a connection's bytes and segments."""

    def __init__(self, session: MqttSession) -> None:
        self._descriptor = session.fileno()

    def traffic(self, before: Traffic) -> Traffic:
        """Bytes since an earlier call."""
        with contextlib.closing(socket.fromfd(self._descriptor, socket.AF_INET, 1)) as link:
            info = link.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        # struct tcp_info of linux/tcp.h: tcpi_bytes_acked and the three after it.
        sent, received, segments_out, segments_in = struct.unpack_from("=QQII", info, 120)
        with_timestamps = info[5] & 1
        header = 20 + 20 + (12 if with_timestamps else 0)
        return Traffic(
            sent + header * segments_out - before.sent,
            received + header * segments_in - before.received,
        )


def _serve(session: MqttSession, done: Callable[[], bool]) -> bool:
    """Lets a session work until something is done and nothing comes any more."""
    with selectors.DefaultSelector() as selector:
        if not session.alive:
            return False
        selector.register(session.fileno(), selectors.EVENT_READ)
        session.tick()
        while session.alive and (selector.select(_QUIET_SECONDS) or not done()):
            session.read()
    return session.alive
