"""A device with its camera, its broker and its disk, each of which can be broken."""

import contextlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml

from edge_agent.sample_scene import sample_frames
from tests.edge_agent.cameras import STAND_INS, camera_processes
from tests.edge_agent.support import Listener
from tests.edge_agent.test_clock import clock_environment, set_clock
from tests.soak.device import SENSORS
from tests.support import REPOSITORY, await_true, free_port, running_mosquitto

HANG_SECONDS: Final = 2.0
WINDOW_SECONDS: Final = 1.0
FRAMES_PER_SECOND: Final = 10.0
PATIENCE_SECONDS: Final = 180.0
"""How long the agent may take to notice a fault or its end, on a busy machine."""
_PICTURES: Final = 40
_DISK_BYTES: Final = 4_000_000
_BLOCK: Final = bytes(4096)


class Room:
    """A running agent and all that it depends on.

    Args:
        folder: for everything.
        own_disk: a small disk of its own for the outbox, which can be full; needs root.
    """

    def __init__(self, folder: Path, *, own_disk: bool) -> None:
        self._folder = folder
        self._stack = contextlib.ExitStack()
        self._broker = contextlib.ExitStack()
        self._port = free_port()
        self._clock = folder / "clock"
        self._fault = folder / "fault"
        self._sensors = folder / "sensors.json"
        self._config = folder / "config.yaml"
        self._log = folder / "agent.log"
        self._calls = folder / "picamera2.log"
        self.disk = folder / "disk"
        self.disk.mkdir()
        self._filler = self.disk / "filler"
        if own_disk:
            self._mount()
        self.camera("")
        self.sensors(50.0, throttled=False)
        self.jump(0)
        self.configure()
        pictures = [image for _, image in itertools.islice(sample_frames(2.0), _PICTURES)]
        np.save(folder / "pictures.npy", np.stack(pictures))

    def __enter__(self) -> "Room":
        self.start_broker()
        self.listener = self._stack.enter_context(Listener(self._port))
        self._stack.callback(self.stop_broker)
        environment = os.environ | clock_environment(self._folder, self._clock)
        environment |= {
            "PYTHONPATH": f"{environment['PYTHONPATH']}:{STAND_INS}",
            "PICAMERA2_FAULT_FILE": str(self._fault),
            "PICAMERA2_PICTURES": str(self._folder / "pictures.npy"),
            "PICAMERA2_LOG": str(self._calls),
            "XDG_STATE_HOME": str(self._folder / "state"),
            SENSORS: str(self._sensors),
        }
        with self._log.open("wb") as log:
            self.agent = subprocess.Popen(
                [sys.executable, "-m", "tests.soak.device", "run", "--config", str(self._config)],
                cwd=REPOSITORY,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self.agent.poll() is None:
            self.agent.kill()
            self.agent.wait()
        self._stack.close()
        if self.disk.is_mount():
            subprocess.run(["umount", str(self.disk)], check=True)

    # What can be looked at

    def log(self) -> str:
        """What the agent has written so far."""
        return self._log.read_text(errors="replace")

    def starts_of_camera(self) -> int:
        """How often the camera was started."""
        return self._calls.read_text().count("start\n") if self._calls.exists() else 0

    def camera_processes(self) -> list[int]:
        """Processes that hold the camera."""
        return camera_processes(self.agent.pid)

    def health(self) -> dict[str, Any]:
        """The newest report; empty where there is none."""
        return self._newest("health") or {}

    def newest_window(self) -> dict[str, Any] | None:
        """The window that came last."""
        return self._newest("counts")

    def windows(self) -> list[dict[str, Any]]:
        """Every window as it came, validated."""
        return self.listener.contents("counts")

    def memory_mb(self) -> tuple[float, float]:
        """Resident memory of the agent, and of the process of its camera (10^6 bytes)."""
        held = self.camera_processes()
        return _resident_mb(self.agent.pid), sum(map(_resident_mb, held))

    def await_window(self) -> None:
        """Returns once another window came."""
        before = len(self.listener.messages)
        self.await_true(
            lambda: any(
                topic.endswith("/counts") for topic, _, _ in self.listener.messages[before:]
            )
        )

    def await_log(self, words: str, more_than: int) -> None:
        """Returns once the log has some words once more."""
        self.await_true(lambda: self.log().count(words) > more_than)

    def await_true(self, condition: Any) -> None:
        """Returns once something holds, as long as the agent runs."""
        await_true(lambda: self._running() and condition(), patience=PATIENCE_SECONDS)

    # What can be done to it

    def camera(self, fault: str) -> None:
        """What is wrong with the camera from now on; nothing, if empty."""
        _replace(self._fault, fault)

    def sensors(self, cpu_temperature_c: float, *, throttled: bool) -> None:
        """What the board feels from now on."""
        values = {"cpu_temperature_c": cpu_temperature_c, "throttled": throttled}
        _replace(self._sensors, json.dumps(values))

    def jump(self, seconds: int) -> None:
        """Sets the agent's clock so far from the true one."""
        set_clock(self._clock, f"{seconds:+d}")

    def configure(self, **sections: Any) -> None:
        """Writes the configuration."""
        content = {
            "deployment": {"purpose": "to see what the agent outlives"},
            "camera": {
                "source": "picamera",
                "hang_seconds": HANG_SECONDS,
                "frames_per_second": FRAMES_PER_SECOND,
            },
            "window": {"seconds": WINDOW_SECONDS},
            "privacy": {"min_faces": 1},
            "pace": {"max_cpu_share": 64},
            "mqtt": {"port": self._port, "wait_for_broker": True, "keepalive_seconds": 5},
            "outbox": {"file": str(self.disk / "outbox.db"), "keep_seconds": 10},
            "health": {"interval_seconds": 1.0},
        }
        _replace(self._config, yaml.safe_dump(content | sections))

    def start_broker(self) -> None:
        """Starts the broker, with what it knew when it was stopped."""
        options = "allow_anonymous true\nmax_queued_messages 100000"
        self._broker.enter_context(
            running_mosquitto(self._folder / "mosquitto", self._port, options)
        )

    def stop_broker(self) -> None:
        """Stops the broker."""
        self._broker.close()

    def fill_disk(self) -> None:
        """Leaves no room on the outbox's disk, as long as this is called again and again."""
        with contextlib.suppress(OSError), self._filler.open("ab", buffering=0) as file:
            while file.write(_BLOCK):
                pass

    def empty_disk(self) -> None:
        """Leaves all room on it."""
        self._filler.unlink(missing_ok=True)

    def _newest(self, kind: str) -> dict[str, Any] | None:
        messages = self.listener.messages
        for index in range(len(messages) - 1, -1, -1):
            topic, payload, _ = messages[index]
            if topic.endswith(f"/{kind}"):
                content: dict[str, Any] = json.loads(payload)
                return content
        return None

    def _running(self) -> bool:
        assert self.agent.poll() is None, f"the agent ended:\n{self.log()[-2000:]}"
        return True

    def _mount(self) -> None:
        if os.geteuid() != 0 or shutil.which("mount") is None:
            raise PermissionError("a disk that can be full needs root, to mount a small one")
        size = f"size={_DISK_BYTES},mode=0700"
        subprocess.run(["mount", "-t", "tmpfs", "-o", size, "none", str(self.disk)], check=True)


class MemoryLog(threading.Thread):
    """Notes the memory of a room's agent every second.

    Attributes:
        seen: seconds since the start, megabytes of the agent and of its camera's process.
    """

    def __init__(self, room: Room) -> None:
        super().__init__(daemon=True)
        self._room = room
        self._ended = threading.Event()
        self.seen: list[tuple[float, float, float]] = []

    def run(self) -> None:
        """Until `end`, or until the agent has ended."""
        start = time.monotonic()
        while not self._ended.wait(1.0):
            with contextlib.suppress(OSError):
                self.seen.append((time.monotonic() - start, *self._room.memory_mb()))

    def end(self) -> None:
        """Waits for the last note."""
        self._ended.set()
        self.join()


def _replace(file: Path, content: str) -> None:
    """Another content at once, never half written."""
    draft = file.with_suffix(".draft")
    draft.write_text(content)
    draft.replace(file)


def _resident_mb(process_id: int) -> float:
    pages = int(Path(f"/proc/{process_id}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6
