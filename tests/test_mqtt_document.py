"""What docs/mqtt.md shows works as it stands: its programs, its commands and its sizes."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_agent.asyncapi import document
from edge_agent.messages import Topic
from tests.edge_agent.support import (
    ROOM,
    Listener,
    config_file,
    counts,
    running_agent,
    write_video,
)
from tests.support import PATIENCE_SECONDS, REPOSITORY, await_true, debian_program

TEXT = (REPOSITORY / "docs" / "mqtt.md").read_text()
EMOTIONS = {"angry": 0, "disgusted": 0, "fearful": 0, "happy": 3}
EMOTIONS |= {"neutral": 2, "sad": 0, "surprised": 0}


def blocks(language: str) -> list[str]:
    """The document's blocks of code in a language."""
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.S)


def command(program: str, word: str) -> list[str]:
    """The one command of the document that starts a program and holds a word."""
    (found,) = (
        shlex.split(line)
        for block in blocks("sh")
        for line in block.splitlines()
        if line.split()[0] == program and word in line
    )
    return [debian_program(program, package="mosquitto-clients"), *found[1:]]


def with_port(text: str, port: int) -> str:
    """A program or option that connects to a port of the test's."""
    return text.replace("1883", str(port))


@contextmanager
def running(arguments: list[str], output: Path) -> Iterator[None]:
    """A program that runs until the block ends, and what it prints."""
    with output.open("w") as stdout:
        process = subprocess.Popen(arguments, stdout=stdout)
    try:
        yield
    finally:
        process.kill()
        process.wait(PATIENCE_SECONDS)


def send_two_windows(port: int) -> list[str]:
    """One with numbers and one without, retained, so that whoever comes later sees them, too."""
    other = {"device": "room-102", "faces": None, "counts": None, "uncertain": None}
    windows = counts(7), counts(8, suppressed=True, **other)
    with Listener(port) as listener:
        for window in windows:
            topic = str(Topic("my-school", window.device, "counts"))
            listener.send(topic, window.to_json(), retain=True)
    return [window.to_json().decode() for window in windows]


@pytest.mark.mosquitto
def test_the_subscriber_in_python_shows_windows(tmp_path: Path, mosquitto: int) -> None:
    (program,) = blocks("python")
    assert len([line for line in program.splitlines() if line]) == 10
    send_two_windows(mosquitto)
    output = tmp_path / "output"
    with running([sys.executable, "-u", "-c", with_port(program, mosquitto)], output):
        await_true(lambda: output.read_text().count("\n") == 2)
    assert sorted(output.read_text().splitlines()) == [
        f"room-101 7 {EMOTIONS}",
        "room-102 8 too few people",
    ]


@pytest.mark.mosquitto
def test_the_subscriber_in_a_terminal_shows_windows(tmp_path: Path, mosquitto: int) -> None:
    payloads = send_two_windows(mosquitto)
    arguments = [with_port(word, mosquitto) for word in command("mosquitto_sub", "127.0.0.1")]
    output = tmp_path / "output"
    with running(arguments, output):
        await_true(lambda: output.read_text().count("\n") == 2)
    assert sorted(output.read_text().splitlines()) == sorted(payloads)


@pytest.mark.mosquitto
def test_the_commands_pause_a_device_and_clear_its_room_from_home_assistant(
    tmp_path: Path, mosquitto: int
) -> None:
    (setting,) = blocks("yaml")
    assert setting == "mqtt:\n  home_assistant: true\n"
    config = config_file(tmp_path, mqtt={"port": mosquitto, "home_assistant": True})
    options = ("--demo", "--loop", "--source", write_video(tmp_path / "v.mp4"), "--config", config)
    room = f"homeassistant/device/{ROOM.removeprefix('classroom/v1/')}/config"

    def run(word: str) -> None:
        arguments = [with_port(part, mosquitto) for part in command("mosquitto_pub", word)]
        subprocess.run(arguments, check=True, timeout=PATIENCE_SECONDS)

    with Listener(mosquitto) as listener, running_agent(tmp_path, *options) as agent:
        listener.await_state("online", "started")
        run("pause")
        listener.await_state("paused", "command_pause")
        assert agent.end() == 0
        listener.await_state("offline", "stopped")
    with Listener(mosquitto, "late") as late:
        await_true(lambda: len(late.messages) == 2)
    retained = {topic: json.loads(payload) for topic, payload, _ in late.messages}
    assert set(retained) == {f"{ROOM}/status", room}
    switch = retained[room]["cmps"]["counting"]
    assert json.loads(switch["pl_off"]) == {"command": "pause"}
    run("homeassistant")
    with Listener(mosquitto, "later") as later:
        later.send("end", b"")
        await_true(lambda: later.messages[-1:] == [("end", b"", False)])
    assert [topic for topic, _, _ in later.messages] == [f"{ROOM}/status", "end"]


def test_the_sizes_are_those_of_the_examples() -> None:
    assert _size_table() in TEXT


def _size_table() -> str:
    lines = ["| message | payload | MQTT packet |", "|---|---|---|"]
    described = document()
    for operation in described["operations"].values():
        kind = operation["channel"]["$ref"].rpartition("/")[2]
        quality = operation["bindings"]["mqtt"]["qos"]
        for example in described["components"]["messages"][kind]["examples"]:
            payload = len(json.dumps(example["payload"], separators=(",", ":")))
            # Two bytes for the topic's length, and two for the number that is acknowledged.
            rest = 2 + len(f"{ROOM}/{kind}") + (2 if quality else 0) + payload
            # A byte for what it is; the length takes another for every seven bits.
            packet = 1 + (1 if rest < 128 else 2) + rest
            lines.append(f"| `{kind}`, {example['name']} | {payload} | {packet} |")
    return "\n".join(lines)
