"""Whole agents, as processes, on a real broker."""

import contextlib
import time
from pathlib import Path
from typing import Any

import pytest

from tests.edge_agent.support import (
    ROOM,
    Listener,
    config_file,
    running_agent,
    validate,
    write_video,
)
from tests.support import await_true, free_port, running_mosquitto

pytestmark = pytest.mark.mosquitto
PAUSE, RESUME = b'{"command": "pause"}', b'{"command": "resume"}'


def arguments(folder: Path, port: int, *, seconds: float = 2.0, **mqtt: Any) -> list[str | Path]:
    """A demo on a small video, again and again, with windows of one second."""
    video = write_video(folder / "v.mp4", seconds=seconds)
    config = config_file(
        folder,
        window={"seconds": 1.0},
        health={"interval_seconds": 1.0},
        logging={"level": "debug"},
        mqtt={"port": port, **mqtt},
    )
    return ["--demo", "--source", video, "--config", config]


def test_only_the_contract_is_on_the_broker(tmp_path: Path, mosquitto: int) -> None:
    with (
        Listener(mosquitto) as listener,
        running_agent(tmp_path, "--loop", *arguments(tmp_path, mosquitto)) as agent,
    ):
        listener.await_counts(3)
        await_true(lambda: listener.contents("health"))
        assert agent.end() == 0
        listener.await_state("offline", "stopped")
    for topic, payload, retained in listener.messages:
        assert topic in {f"{ROOM}/{kind}" for kind in ("status", "counts", "health")}
        validate(topic, payload)
        assert len(payload) < 4096
        assert not retained
    windows = listener.contents("counts")
    assert [window["seq"] for window in windows] == list(range(len(windows)))
    assert not any(window["replayed"] for window in windows)
    assert listener.states() == [("online", "started"), ("offline", "stopped")]
    boots = {
        content["boot_id"] for kind in ("status", "health") for content in listener.contents(kind)
    }
    assert boots == {window["boot_id"] for window in windows}
    assert len(boots) == 1


def test_a_video_that_ends_ends_the_agent(tmp_path: Path, mosquitto: int) -> None:
    with (
        Listener(mosquitto) as listener,
        running_agent(tmp_path, "--fast", *arguments(tmp_path, mosquitto, seconds=5)) as agent,
    ):
        listener.await_state("offline", "source_ended")
        assert agent.process.wait() == 0
    assert [window["seq"] for window in listener.contents("counts")] == [0, 1, 2, 3, 4]
    with Listener(mosquitto, "late") as late:
        await_true(lambda: late.messages)
    topic, _, retained = late.messages[0]
    assert (topic, retained) == (f"{ROOM}/status", True)
    assert late.states() == [("offline", "source_ended")]


def test_a_killed_agent_is_declared_lost_by_the_broker(tmp_path: Path, mosquitto: int) -> None:
    with (
        Listener(mosquitto) as listener,
        running_agent(tmp_path, "--loop", *arguments(tmp_path, mosquitto)) as agent,
    ):
        listener.await_counts(1)
        agent.process.kill()
        listener.await_state("offline", "connection_lost")
    online, lost = listener.contents("status")
    assert lost["boot_id"] == online["boot_id"]
    assert {**lost, "state": "online", "reason": "started"} == online


def test_paused_means_that_nothing_is_counted(tmp_path: Path, mosquitto: int) -> None:
    with (
        Listener(mosquitto) as listener,
        running_agent(tmp_path, "--loop", *arguments(tmp_path, mosquitto)) as agent,
    ):
        listener.await_counts(1)
        listener.send(f"{ROOM}/command", PAUSE)
        listener.await_state("paused", "command_pause")
        # Reports go on, and each proves that a second passed without a window.
        reports = len(listener.contents("health"))
        await_true(lambda: len(listener.contents("health")) >= reports + 3)
        listener.send(f"{ROOM}/command", RESUME)
        listener.await_state("online", "command_resume")
        before = len(listener.contents("counts"))
        listener.await_counts(before + 2)
        listener.send(f"{ROOM}/command", PAUSE)
        listener.await_state("paused", "command_pause")
        assert agent.end() == 0
        listener.await_state("offline", "stopped")
    topics = [
        (topic, validate(topic, payload).get("reason"))
        for topic, payload, _ in listener.messages
        if not topic.endswith("/health")
    ]
    paused = topics.index((f"{ROOM}/status", "command_pause"))
    resumed = topics.index((f"{ROOM}/status", "command_resume"))
    # Between them lies the command alone.
    assert topics[paused + 1 : resumed] == [(f"{ROOM}/command", None)]
    seqs = [window["seq"] for window in listener.contents("counts")]
    assert seqs == list(range(len(seqs)))


def test_nonsense_and_retained_commands_change_nothing(tmp_path: Path, mosquitto: int) -> None:
    with Listener(mosquitto) as listener:
        listener.send(f"{ROOM}/command", PAUSE, retain=True)
        with running_agent(tmp_path, "--loop", *arguments(tmp_path, mosquitto)) as agent:
            listener.await_counts(1)
            nonsense = [b"", b"\xff", b"{" * 3000, b'{"command": "stop"}', b'{"command": null}']
            for payload in nonsense:
                listener.send(f"{ROOM}/command", payload)
            await_true(lambda: agent.stderr.count("ignored a message") == len(nonsense))
            before = len(listener.contents("counts"))
            listener.await_counts(before + 2)
            assert agent.end() == 0
            await_true(lambda: listener.messages[-1][0] == f"{ROOM}/status")
    assert [state for state, _ in listener.states()] == ["online", "offline"]


def test_a_broker_that_is_started_again_misses_nothing(tmp_path: Path) -> None:
    port, folder = free_port(), tmp_path / "broker"
    with contextlib.ExitStack() as stack:
        with running_mosquitto(folder, port):
            listener = stack.enter_context(Listener(port))
            options = arguments(tmp_path, port, wait_for_broker=True)
            agent = stack.enter_context(running_agent(tmp_path, "--loop", *options))
            listener.await_counts(2)
        # Attempts may follow each other within a window, and a window is a matter of time alone.
        two_windows_on = time.monotonic() + 2.0
        await_true(
            lambda: (
                agent.stderr.count("no connection to") >= 2 and time.monotonic() > two_windows_on
            )
        )
        missed = len(listener.contents("counts"))
        with running_mosquitto(folder, port):
            listener.await_counts(missed + 3)
            await_true(lambda: listener.contents("counts")[-1]["replayed"] is False)
            assert agent.end() == 0
            listener.await_state("offline", "stopped")
    first_seen: dict[int, bool] = {}
    for window in listener.contents("counts"):
        first_seen.setdefault(window["seq"], window["replayed"])
    assert list(first_seen) == list(range(len(first_seen)))
    assert any(first_seen.values())
    assert ("online", "reconnected") in listener.states()
    assert len({window["boot_id"] for window in listener.contents("counts")}) == 1


def test_nothing_about_a_person_is_logged(tmp_path: Path, mosquitto: int) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("skimage")
    *_, config = arguments(tmp_path, mosquitto)
    with (
        Listener(mosquitto) as listener,
        running_agent(
            tmp_path, "--demo", "--fast", "--source", "sample", "--config", config
        ) as agent,
    ):
        listener.await_counts(5)
        assert agent.end() == 0
    assert agent.stdout == ""
    told = [line.split(maxsplit=2)[2] for line in agent.stderr.splitlines()]
    assert told == [
        f"connected to 127.0.0.1:{mosquitto}",
        "source: sample scene (no camera found or asked for)",
    ]
