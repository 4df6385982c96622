"""Tells systemd how the agent is (sd_notify): ready, reloading, stopping, and alive."""

import os
import socket
import time
from typing import Final

_STATUS_LENGTH: Final = 200


class Notifier:
    """Speaks to the service manager that started this process; silent where there is none.

    Args:
        address: of its socket; an @ in front stands for one without a file.
    """

    def __init__(self, address: str | None) -> None:
        self._address = "\0" + address[1:] if address and address[0] == "@" else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) if address else None
        if self._socket is not None:
            # A manager that is slow to listen must not stop the counting.
            self._socket.setblocking(False)

    def ready(self) -> None:
        """The agent has started, or has finished a reload."""
        self._send("READY=1")

    def reloading(self) -> None:
        """The configuration is being read again."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def status(self, text: str) -> None:
        """What `systemctl status` shows."""
        self._send(f"STATUS={text[:_STATUS_LENGTH]}")

    def alive(self) -> None:
        """Feeds the watchdog."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """The agent is about to end."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if self._socket is None or self._address is None:
            return
        try:
            self._socket.sendto(message.encode(), self._address)
        except OSError:
            # Nobody listens; whoever started us will see for himself.
            return


def notifier() -> Notifier:
    """The one for systemd, where it started this process."""
    return Notifier(os.environ.get("NOTIFY_SOCKET"))
