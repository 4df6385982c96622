"""What systemd is told, and when its watchdog is fed."""

import signal
import socket
from pathlib import Path

import pytest

from edge_agent import agent as agent_module
from edge_agent.agent import Agent
from edge_agent.config import validate
from tests.edge_agent.lives import Hanging, not_now, refuse, started
from tests.edge_agent.support import (
    config_file,
    running_agent,
    write_video,
)
from tests.support import PATIENCE_SECONDS, await_true


class Systemd:
    """The socket that a service manager listens on."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.settimeout(PATIENCE_SECONDS)
        self.told: list[str] = []

    def __enter__(self) -> "Systemd":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def await_message(self, beginning: str) -> None:
        while not (self.told and self.told[-1].startswith(beginning)):
            self.told.append(self._socket.recv(4096).decode())


def test_systemd_is_told_of_start_frames_reload_and_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = write_video(tmp_path / "v.mp4")
    config = config_file(tmp_path, window={"seconds": 1.0})
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    arguments = ("--print", "--loop", "--source", video, "--config", config)
    with Systemd(tmp_path / "notify") as systemd, running_agent(tmp_path, *arguments) as agent:
        systemd.await_message("READY=1")
        assert systemd.told == ["READY=1"]
        systemd.await_message("WATCHDOG=1")
        agent.process.send_signal(signal.SIGHUP)
        systemd.await_message("RELOADING=1\nMONOTONIC_USEC=")
        systemd.await_message("READY=1")
        agent.process.terminate()
        systemd.await_message("STOPPING=1")
        assert agent.process.wait(PATIENCE_SECONDS) == 0


def test_the_watchdog_is_not_fed_by_a_camera_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = Hanging(6)
    monkeypatch.setattr(agent_module, "open_source", source.open)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    reports: list[str] = []

    def reported_twice() -> bool:
        reports.append(capsys.readouterr().out)
        return "".join(reports).count("/health") >= 2

    with Systemd(tmp_path / "notify") as systemd:
        settings = validate({"health": {"interval_seconds": 1.0}}, name="x")
        agent = Agent(settings, printing=True, fast=True)
        with started(agent):
            assert source.hanging.wait(PATIENCE_SECONDS)
            # While it hangs, the agent looks up many times.
            await_true(reported_twice)
            source.freed.set()
        systemd.await_message("STOPPING=1")
    assert systemd.told == ["READY=1", *["WATCHDOG=1"] * 6, "STOPPING=1"]


def test_the_watchdog_is_fed_while_the_camera_is_released_on_purpose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_module, "open_source", refuse)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with Systemd(tmp_path / "notify") as systemd:
        agent = Agent(validate({"timetable": {"active": not_now()}}, name="x"), printing=True)
        with started(agent):
            systemd.await_message("READY=1")
            systemd.await_message("WATCHDOG=1")
