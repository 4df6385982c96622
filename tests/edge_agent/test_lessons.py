"""Lessons and pauses: when the camera is released, and that it stays so."""

import signal
from pathlib import Path
from typing import Any

import pytest
import yaml

from edge_agent import agent as agent_module
from edge_agent.agent import Agent
from edge_agent.config import validate
from tests.edge_agent.lives import PAUSE, RESUME, WEEK, not_now, refuse, started, states
from tests.edge_agent.support import (
    ROOM,
    Listener,
    config_file,
    printed,
    running_agent,
    write_video,
)
from tests.support import await_true


def test_outside_the_lessons_the_camera_is_not_opened(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(agent_module, "open_source", refuse)
    sections = {"timetable": {"active": not_now()}, "health": {"interval_seconds": 1.0}}
    agent = Agent(validate(sections, name="x"), printing=True)
    collected: list[str] = []

    def reported() -> bool:
        collected.append(capsys.readouterr().out)
        return "/health" in "".join(collected)

    with started(agent):
        await_true(reported)
    lines = printed("".join(collected) + capsys.readouterr().out)
    assert [kind for kind, _ in lines if kind != "health"] == ["status", "status"]
    assert (lines[0][1]["state"], lines[0][1]["reason"]) == ("paused", "schedule_pause")
    assert (lines[-1][1]["state"], lines[-1][1]["reason"]) == ("offline", "stopped")


def test_a_lesson_begins_and_ends(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mp4")
    config = config_file(tmp_path, window={"seconds": 1.0}, timetable={"active": not_now()})
    with running_agent(
        tmp_path, "--print", "--loop", "--source", video, "--config", config
    ) as agent:
        await_true(lambda: "schedule_pause" in agent.stdout)
        assert "/counts" not in agent.stdout
        for lessons, reason in ((WEEK, "schedule_resume"), (not_now(), "schedule_pause")):
            content = {"window": {"seconds": 1.0}, "timetable": {"active": lessons}}
            config.write_text(yaml.safe_dump(content))
            before = agent.stdout.count(reason)
            agent.process.send_signal(signal.SIGHUP)
            await_true(lambda before=before, reason=reason: agent.stdout.count(reason) > before)
            if lessons == WEEK:
                await_true(lambda: agent.stdout.count("/counts") >= 2)
        assert agent.end() == 0
    assert states(agent.stdout) == [
        ("paused", "schedule_pause"),
        ("paused", "reloaded"),
        ("online", "schedule_resume"),
        ("online", "reloaded"),
        ("paused", "schedule_pause"),
        ("offline", "stopped"),
    ]


def new_windows(before: list[dict[str, Any]], listener: Listener) -> int:
    """How many have come that are no repetitions."""
    names = [
        {(content["boot_id"], content["seq"]) for content in contents}
        for contents in (before, listener.contents("counts"))
    ]
    return len(names[1] - names[0])


@pytest.mark.mosquitto
def test_a_pause_outlives_a_restart_and_a_lesson(tmp_path: Path, mosquitto: int) -> None:
    video = write_video(tmp_path / "v.mp4")
    content: dict[str, Any] = {
        "deployment": {"purpose": "to see whether a pause lasts"},
        "window": {"seconds": 1.0},
        "mqtt": {"port": mosquitto},
    }
    config = config_file(tmp_path, **content)
    arguments = ("--loop", "--source", video, "--config", config)
    with Listener(mosquitto) as listener:
        with running_agent(tmp_path, *arguments) as agent:
            listener.await_counts(1)
            listener.send(f"{ROOM}/command", PAUSE)
            listener.await_state("paused", "command_pause")
            agent.process.kill()
            listener.await_state("offline", "connection_lost")
        counted = listener.contents("counts")
        config.write_text(yaml.safe_dump(content | {"timetable": {"active": not_now()}}))
        with running_agent(tmp_path, *arguments) as agent:
            listener.await_state("paused", "command_pause")
            # Resumed outside the lessons, it waits for the next one.
            listener.send(f"{ROOM}/command", RESUME)
            listener.await_state("paused", "schedule_pause")
            listener.send(f"{ROOM}/command", PAUSE)
            listener.await_state("paused", "command_pause")
            config.write_text(yaml.safe_dump(content | {"timetable": {"active": WEEK}}))
            agent.process.send_signal(signal.SIGHUP)
            listener.await_state("paused", "command_pause")
            assert new_windows(counted, listener) == 0
            listener.send(f"{ROOM}/command", RESUME)
            listener.await_state("online", "command_resume")
            await_true(lambda: new_windows(counted, listener) > 0)
            assert agent.end() == 0
        with running_agent(tmp_path, *arguments) as agent:
            listener.await_state("online", "started")
            assert agent.end() == 0
