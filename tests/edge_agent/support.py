"""What the agent's tests share: small videos, messages, agents as processes, a listener."""

import functools
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import cv2
import jsonschema
import numpy as np
import paho.mqtt.client as mqtt
import yaml
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.emotions import EMOTIONS
from edge_agent.messages import Counts, Health, Status, json_schemas, parse
from tests.support import PATIENCE_SECONDS, REPOSITORY, await_true

BOOT = "ab" * 16
START = datetime(2026, 1, 31, 8, 0, tzinfo=timezone.utc)
ROOM = "classroom/v1/my-school/room-101"
"""Where a device with the default names publishes."""


def write_video(
    path: Path, *, seconds: float = 2.0, rate: float = 10.0, size_wh: tuple[int, int] = (320, 240)
) -> Path:
    """A video of moving rectangles: frame i has its bright one at x = 4 * i."""
    video = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), rate, size_wh)
    assert video.isOpened()
    for index in range(round(seconds * rate)):
        image = np.full((size_wh[1], size_wh[0], 3), 60, np.uint8)
        image[100:150, 4 * index : 4 * index + 40] = 250
        image[20:60, 200 - 2 * index : 240 - 2 * index, 2] = 180
        video.write(image)
    video.release()
    return path


def counts(seq: int = 0, **values: Any) -> Counts:
    """A window with three happy people, two neutral ones and one uncertain."""
    start = START + seq * timedelta(seconds=5)
    numbers = dict.fromkeys(EMOTIONS, 0) | {"happy": 3, "neutral": 2}
    content: dict[str, Any] = {
        "v": 1,
        "device": "room-101",
        "boot_id": BOOT,
        "seq": seq,
        "window_start": start,
        "window_end": start + timedelta(seconds=5),
        "clock_synced": True,
        "frames": 20,
        "faces": 6,
        "counts": numbers,
        "uncertain": 1,
        "suppressed": False,
        "replayed": False,
    }
    return Counts.model_validate(content | values)


def status(state: str = "online", reason: str = "started") -> Status:
    """A device with windows of five seconds that hides fewer than five people."""
    content = {
        "state": state,
        "boot_id": BOOT,
        "reason": reason,
        "versions": {"agent": "0.1.0", "python": "3.11.2", "runtime": "ai-edge-litert-2.3.0"},
        "model_sha256": {"face_detector": "0" * 64, "emotion_classifier": "1" * 64},
        "window_seconds": 5.0,
        "min_faces": 5,
    }
    return Status.model_validate(content)


def health() -> Health:
    """A device that feels well, on a machine that tells nothing about itself."""
    content = {
        "boot_id": BOOT,
        "fps": 4.0,
        "stage_ms": {"capture": 1.0, "detect": 20.0, "classify": 3.0, "count": 0.1},
        "dropped_frames": 0,
        "outbox_depth": 0,
        "cpu_temperature_c": None,
        "throttled": None,
        "memory_mb": 180.0,
    }
    return Health.model_validate(content)


def validate(topic: str, payload: bytes) -> dict[str, Any]:
    """A message's content, after our own parser and the published JSON Schema accepted it."""
    parse(topic, payload)
    content: dict[str, Any] = json.loads(payload)
    _validator(topic.rsplit("/", 1)[-1]).validate(content)
    return content


@functools.cache
def _validator(kind: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(
        json_schemas()[kind], format_checker=jsonschema.FormatChecker()
    )


def printed(output: str) -> list[tuple[str, dict[str, Any]]]:
    """Kind and content of the lines that ``--print`` writes, each validated."""
    result = []
    for line in output.splitlines():
        content = json.loads(line)
        assert list(content) == ["topic", "payload"]
        topic = content["topic"]
        assert topic.rpartition("/")[0] == ROOM
        validate(topic, json.dumps(content["payload"]).encode())
        result.append((topic.rsplit("/", 1)[-1], content["payload"]))
    return result


def config_file(folder: Path, **sections: Any) -> Path:
    """A configuration with these sections; others keep their defaults."""
    path = folder / "test-config.yaml"
    path.write_text(yaml.safe_dump(sections))
    return path


def edge_agent(*arguments: str | Path, before: tuple[str, ...] = ()) -> Any:
    """Runs ``python -m edge_agent`` to its end.

    Args:
        before: a program that starts it, with its options.
    """
    return subprocess.run(
        [*before, sys.executable, "-m", "edge_agent", *map(str, arguments)],
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )


class AgentProcess:
    """A running agent; its two outputs as they grow, in files."""

    def __init__(self, folder: Path, arguments: tuple[str | Path, ...]) -> None:
        self._stdout, self._stderr = folder / "agent.stdout", folder / "agent.stderr"
        with self._stdout.open("w") as stdout, self._stderr.open("w") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "edge_agent", "run", *map(str, arguments)],
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
            )

    @property
    def stdout(self) -> str:
        return self._stdout.read_text()

    @property
    def stderr(self) -> str:
        return self._stderr.read_text()

    def end(self) -> int:
        """Asks it to end as systemd does; returns its exit code."""
        self.process.terminate()
        return self.process.wait(PATIENCE_SECONDS)


@contextmanager
def running_agent(folder: Path, *arguments: str | Path) -> Iterator[AgentProcess]:
    """``python -m edge_agent run``, ended at the latest with the block."""
    agent = AgentProcess(folder, arguments)
    try:
        yield agent
    finally:
        if agent.process.poll() is None:
            agent.process.kill()
            agent.process.wait()
    assert "Traceback" not in agent.stderr


class Listener:
    """Subscribes to everything, in a session that outlives the broker's restart.

    Args:
        port: the broker's, on this machine.
        name: of the session.

    Attributes:
        messages: topic, payload and the retained flag of each message, as they came.
    """

    def __init__(self, port: int, name: str = "listener") -> None:
        self.messages: list[tuple[str, bytes, bool]] = []
        self._subscribed = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, name, clean_session=False)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._keep
        self._client.connect("127.0.0.1", port)

    def __enter__(self) -> "Listener":
        self._client.loop_start()
        assert self._subscribed.wait(PATIENCE_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def send(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(
            PATIENCE_SECONDS
        )

    def contents(self, kind: str) -> list[dict[str, Any]]:
        """All of a kind, each validated."""
        return [validate(topic, payload) for topic, payload in self._of(kind)]

    def states(self) -> list[tuple[str, str]]:
        contents = [json.loads(payload) for _, payload in self._of("status")]
        return [(content["state"], content["reason"]) for content in contents]

    def await_counts(self, number: int) -> None:
        """Returns once so many different windows have come."""
        await_true(
            lambda: len({json.loads(payload)["seq"] for _, payload in self._of("counts")}) >= number
        )

    def await_state(self, state: str, reason: str) -> None:
        await_true(lambda: self.states()[-1:] == [(state, reason)])

    def _of(self, kind: str) -> list[tuple[str, bytes]]:
        messages = list(self.messages)
        return [(topic, payload) for topic, payload, _ in messages if topic.endswith(f"/{kind}")]

    def _keep(self, client: Any, userdata: Any, message: mqtt.MQTTMessage) -> None:
        self.messages.append((message.topic, message.payload, message.retain))
