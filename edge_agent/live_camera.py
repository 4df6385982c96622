"""A camera or stream as a source; a process of its own takes the frames, so that it may hang."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from edge_agent.address import without_login
from edge_agent.channel import new_channel, receive, send
from edge_agent.config import Camera
from edge_agent.demand import Demand
from edge_agent.errors import SourceError
from edge_agent.shared_frames import map_frames, new_shared_memory
from edge_agent.source import Frame, Source

_START_SECONDS: Final = 30.0
"""A board that is busy booting may take so long to start Python."""
_CLOSE_SECONDS: Final = 0.85
_KILL_SECONDS: Final = 0.1
_ASK_SECONDS: Final = 0.1
_ENVIRONMENT: Final = {
    # They would write to standard error by themselves, addresses included.
    "OPENCV_LOG_LEVEL": "SILENT",
    "OPENCV_FFMPEG_LOGLEVEL": "-8",
    # Nothing is computed there; each thread would only take memory.
    "OPENBLAS_NUM_THREADS": "1",
}


def open_live_camera(name: str, settings: Camera, demand: Demand) -> Source:
    """Opens a camera or stream, and waits for its first frame.

    Args:
        name: ``picamera``, a device's path, an address, or ``auto`` for the first camera found.
        settings: the section ``camera``.
        demand: how many frames are wanted, and whether they still are.

    Raises:
        SourceError: when no frame came, or nobody waits for it any more.
    """
    try:
        process = _CameraProcess(name, settings, demand)
    except OSError as error:
        raise SourceError(
            f"{_title(name)}: expected to start a process for it, got: {error.strerror}; free "
            "memory or end other programs"
        ) from error
    try:
        title = process.open()
    except BaseException:
        process.close()
        raise
    return Source(title, True, process.frames(), process.close)


class _CameraProcess:
    def __init__(self, name: str, settings: Camera, demand: Demand) -> None:
        self._title = _title(name)
        self._demand = demand
        self._hang_seconds = settings.hang_seconds
        self._slots: np.ndarray | None = None
        with contextlib.ExitStack() as stack:
            self._channel, theirs = new_channel()
            stack.enter_context(self._channel)
            self._memory = new_shared_memory()
            stack.callback(os.close, self._memory)
            with theirs:
                self._process = _start(theirs.fileno(), self._memory)
            self._resources = stack.pop_all()
        send(
            self._channel,
            source=name,
            width=settings.width,
            height=settings.height,
            hang_seconds=settings.hang_seconds,
            frames_per_second=demand.frames_per_second,
        )

    def open(self) -> str:
        """Waits for the first frame; returns what a person would call the camera."""
        message = self._receive(_START_SECONDS)
        while message is not None and "opening" in message:
            message = self._receive(self._hang_seconds)
        if message is None:
            raise SourceError(f"{self._title}: expected time to open it, was told to stop")
        self._title = message["title"]
        self._slots = map_frames(self._memory, tuple(message["size_hw"]), write=False)
        return self._title

    def frames(self) -> Iterator[Frame]:
        while True:
            send(self._channel, frames_per_second=self._demand.frames_per_second)
            message = self._receive(self._hang_seconds + 1 / self._demand.frames_per_second)
            if message is None:
                return
            assert self._slots is not None
            # A copy, so that a frame stays what it is when the next one is asked for.
            yield Frame(message["seconds"], self._slots[message["slot"]].copy(), message["dropped"])

    def close(self) -> None:
        """Lets the process release the camera; kills it when that takes too long."""
        self._resources.close()
        self._slots = None
        try:
            self._process.wait(_CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            # Not even that ends a driver that the kernel waits for.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_KILL_SECONDS)

    def _receive(self, limit_seconds: float) -> dict[str, Any] | None:
        """The next message; None when nobody waits for it any more."""
        until = time.monotonic() + limit_seconds
        self._channel.settimeout(_ASK_SECONDS)
        while not self._demand.stopping():
            try:
                message = receive(self._channel)
            except TimeoutError:
                if time.monotonic() < until:
                    continue
                raise SourceError(
                    f"{self._title}: expected a frame within {limit_seconds:.0f} s, got none; "
                    "check the camera and its cable, or raise camera.hang_seconds"
                ) from None
            if message is None:
                raise SourceError(
                    f"{self._title}: expected frames, but the process that takes them ended "
                    f"({self._how_it_ended()}); see the system's log on the camera's driver"
                )
            if "error" in message:
                raise SourceError(message["error"])
            return message
        return None

    def _how_it_ended(self) -> str:
        code = self._process.wait()
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _start(*descriptors: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "edge_agent.camera_process", *map(str, descriptors)],
        # Where this package is found, whatever the agent's own folder.
        cwd=Path(__file__).parents[1],
        env=os.environ | _ENVIRONMENT,
        pass_fds=descriptors,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _title(name: str) -> str:
    return without_login(name) if "://" in name else name
