"""What systemd is told."""

import socket
from pathlib import Path

import pytest

from edge_agent.notify import Notifier, notifier


def test_each_message_is_what_systemd_expects(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        telling = Notifier(str(tmp_path / "notify"))
        telling.ready()
        telling.status("online: started")
        telling.alive()
        telling.reloading()
        telling.stopping()
        told = [systemd.recv(4096).decode() for _ in range(5)]
    reloading = told.pop(3).splitlines()
    assert told == ["READY=1", "STATUS=online: started", "WATCHDOG=1", "STOPPING=1"]
    assert reloading[0] == "RELOADING=1"
    name, _, microseconds = reloading[1].partition("=")
    assert name == "MONOTONIC_USEC"
    assert microseconds.isdigit()


def test_a_socket_without_a_file() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind("")  # the system chooses a name
        name = systemd.getsockname().decode()
        Notifier("@" + name[1:]).alive()
        assert systemd.recv(4096) == b"WATCHDOG=1"


@pytest.mark.parametrize("address", [None, "", "/nobody/listens/here"])
def test_where_nobody_listens_nothing_happens(
    address: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    if address is not None:
        monkeypatch.setenv("NOTIFY_SOCKET", address)
    notifier().alive()
