"""Signals: an end that nothing delays, a configuration read again, a crash without a trace."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from edge_agent import agent as agent_module
from edge_agent.agent import Agent
from edge_agent.camera import Frame, Source
from edge_agent.config import validate
from tests.edge_agent.lives import Hanging, started, states
from tests.edge_agent.support import (
    AgentProcess,
    config_file,
    printed,
    running_agent,
    write_video,
)
from tests.support import PATIENCE_SECONDS, await_true


def test_a_source_that_hangs_while_it_opens_does_not_keep_it(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)  # opening it waits for somebody who writes
    with running_agent(tmp_path, "--print", "--source", pipe) as agent:
        await_true(lambda: handles_sigterm(agent))
        assert agent.end() == 0
        assert states(agent.stdout)[-1] == ("offline", "stopped")


def handles_sigterm(agent: AgentProcess) -> bool:
    for line in Path(f"/proc/{agent.process.pid}/status").read_text().splitlines():
        if line.startswith("SigCgt:"):
            return bool(int(line.split()[1], 16) >> (signal.SIGTERM - 1) & 1)
    return False


def test_a_source_that_hangs_in_mid_lesson_does_not_keep_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = Hanging(6)
    monkeypatch.setattr(agent_module, "open_source", source.open)
    agent = Agent(validate({"window": {"seconds": 1.0}}, name="x"), printing=True, fast=True)
    told: list[str] = []

    def counted() -> bool:
        told.append(capsys.readouterr().out)
        return "/counts" in "".join(told)

    with started(agent) as thread:
        await_true(counted)
        assert source.hanging.wait(PATIENCE_SECONDS)
        agent.stop()
        thread.join(PATIENCE_SECONDS)
        # It ended although the source still hangs.
        assert not thread.is_alive()
        assert not source.freed.is_set()
    source.freed.set()
    lines = printed("".join(told) + capsys.readouterr().out)
    # The window in hand is not lost.
    assert [kind for kind, _ in lines] == ["status", "counts", "counts", "status"]
    assert (lines[3][1]["state"], lines[3][1]["reason"]) == ("offline", "stopped")


def test_a_changed_configuration_is_taken_on_a_signal(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mp4")
    config = config_file(tmp_path, window={"seconds": 1.0})
    with running_agent(
        tmp_path, "--print", "--loop", "--source", video, "--config", config
    ) as agent:
        await_true(lambda: "/counts" in agent.stdout)
        content = {"window": {"seconds": 1.5}, "privacy": {"min_faces": 9}, "mqtt": {"port": 1884}}
        config.write_text(yaml.safe_dump(content))
        agent.process.send_signal(signal.SIGHUP)
        await_true(lambda: "reloaded" in agent.stdout)
        seen = agent.stdout.count("/counts")
        await_true(lambda: agent.stdout.count("/counts") >= seen + 2)

        config.write_text("window: {seconds: zero}")
        agent.process.send_signal(signal.SIGHUP)
        await_true(lambda: "the old settings stay in force" in agent.stderr)
        seen = agent.stdout.count("/counts")
        await_true(lambda: agent.stdout.count("/counts") >= seen + 1)
        assert agent.end() == 0
        lines = printed(agent.stdout)
    assert states(agent.stdout) == [
        ("online", "started"),
        ("online", "reloaded"),
        ("offline", "stopped"),
    ]
    lengths = [content["window_seconds"] for kind, content in lines if kind == "status"]
    assert lengths == [1.0, 1.5, 1.5]
    assert [content["min_faces"] for kind, content in lines if kind == "status"] == [5, 9, 9]
    assert [content["seq"] for kind, content in lines if kind == "counts"] == list(
        range(sum(kind == "counts" for kind, _ in lines))
    )
    told = [line.split(maxsplit=2)[2] for line in agent.stderr.splitlines()]
    assert told[1:3] == [
        "the new settings are in force",
        "these wait for the next start: mqtt.port",
    ]
    assert told[3].startswith(f"the old settings stay in force: {config}: window.seconds: ")
    assert len(told) == 4


def test_without_a_configuration_there_is_nothing_to_take(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mp4")
    with running_agent(tmp_path, "--print", "--loop", "--source", video) as agent:
        await_true(lambda: "/counts" in agent.stdout)
        agent.process.send_signal(signal.SIGHUP)
        await_true(lambda: "there is no configuration to read again" in agent.stderr)
        assert agent.end() == 0


def test_another_camera_is_opened_on_a_reload(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[Any] = []
    freed = threading.Event()

    def open_source(settings: Any, *, demand: Any, **_: Any) -> Source:
        opened.append(settings.source)

        def frames() -> Iterator[Frame]:
            yield Frame(float(len(opened)), np.zeros((48, 64, 3), np.uint8))
            while not demand.stopping():
                freed.wait(0.01)

        return Source(str(settings.source), True, frames(), lambda: None)

    monkeypatch.setattr(agent_module, "open_source", open_source)
    agent = Agent(
        validate({"camera": {"source": "one"}}, name="x"),
        printing=True,
        read_settings=lambda: validate({"camera": {"source": "two"}}, name="x"),
    )
    with started(agent):
        await_true(lambda: opened == ["one"])
        agent.reload()
        await_true(lambda: opened == ["one", "two"])
        agent.reload()
        # The same camera stays open.
    assert opened == ["one", "two"]
    told = states(capsys.readouterr().out)
    assert told[0], told[-1] == (("online", "started"), ("offline", "stopped"))
    assert ("online", "reloaded") in told


def test_a_hot_processor_is_asked_for_less_and_a_cool_one_for_all_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    degrees = [90.0]
    rates: list[float] = []

    def open_source(settings: Any, *, demand: Any, **_: Any) -> Source:
        def frames() -> Iterator[Frame]:
            while not demand.stopping():
                rates.append(demand.frames_per_second)
                yield Frame(time.monotonic(), np.zeros((48, 64, 3), np.uint8))

        return Source("hot", True, frames(), lambda: None)

    monkeypatch.setattr(agent_module, "open_source", open_source)
    monkeypatch.setattr(agent_module, "cpu_temperature_c", lambda: degrees[0])
    monkeypatch.setattr(agent_module, "throttled", lambda: None)
    monkeypatch.setattr(agent_module, "_RATE_SECONDS", 0.05)
    pace = {"max_cpu_share": 64.0}
    with started(Agent(validate({"pace": pace}, name="x"), printing=True)):
        await_true(lambda: 1.0 in rates)
        degrees[0] = 60.0
        await_true(lambda: rates[-1] == 4.0)
    assert states(capsys.readouterr().out) == [("online", "started"), ("offline", "stopped")]


def test_a_crash_leaves_no_picture_on_the_disk(tmp_path: Path) -> None:
    with running_agent(tmp_path, "--print", "--source", write_video(tmp_path / "v.mp4")) as agent:
        await_true(lambda: agent.stdout)
        limits = Path(f"/proc/{agent.process.pid}/limits").read_text()
    (line,) = (line for line in limits.splitlines() if line.startswith("Max core file size"))
    assert line.split()[-3:-1] == ["0", "0"]
