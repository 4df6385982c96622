"""The messages between the agent and the process that takes its camera's frames."""

import contextlib
import json
import socket
from typing import Any, Final

_MAX_BYTES: Final = 65_536


def new_channel() -> tuple[socket.socket, socket.socket]:
    """Both ends, which keep messages apart."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send(channel: socket.socket, **content: Any) -> None:
    """Sends one message; to somebody who has left, none."""
    with contextlib.suppress(ConnectionError):
        channel.send(json.dumps(content).encode())


def receive(channel: socket.socket) -> dict[str, Any] | None:
    """Waits for a message; None when the other end has left.

    Raises:
        TimeoutError: when the channel has a time limit, and it is over.
    """
    message = b""
    with contextlib.suppress(ConnectionError):
        message = channel.recv(_MAX_BYTES)
    content: dict[str, Any] | None = json.loads(message) if message else None
    return content
