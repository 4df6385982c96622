"""Takes a camera's frames in a process of its own: ``python -m edge_agent.camera_process``.

The agent starts it and tells it what to open; `live_camera` is the other end. A driver that hangs
or crashes takes only this process with it. It imports little, because a board has little memory.
"""

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, Final

from edge_agent.address import without_login
from edge_agent.channel import receive, send
from edge_agent.core_dump import forbid_core_dumps
from edge_agent.demand import Demand
from edge_agent.errors import SourceError
from edge_agent.handover import CameraDevice, Handover
from edge_agent.heap import use_one_heap

_CLOSE_SECONDS: Final = 0.7
_LONGEST_ERROR: Final = 200


def main() -> None:
    """Captures until the agent closes the channel or is no more.

    Arguments on the command line: the descriptors of the channel and of the shared memory. What
    to open comes over the channel, as everybody can read a command line.
    """
    forbid_core_dumps()
    use_one_heap()
    for number in (signal.SIGINT, signal.SIGTERM):
        # A terminal and systemd send them to all processes; the agent decides when this one ends.
        signal.signal(number, signal.SIG_IGN)
    channel, memory = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])
    request = receive(channel)
    if request is None:
        return
    listener = _Listener(channel, request["frames_per_second"])
    listener.start()
    with contextlib.ExitStack() as stack:
        try:
            camera = _open(request, alive=lambda: send(channel, opening=True))
            stack.callback(camera.close)
            _capture(camera, Handover(channel, memory, camera), listener)
        except Exception as error:
            # Told before the camera is closed, which may take forever.
            send(channel, error=_sentence(error, request["source"]))


class _Listener(threading.Thread):
    """Does what the agent asks; ends the process when the agent has left."""

    def __init__(self, channel: socket.socket, frames_per_second: float) -> None:
        super().__init__(daemon=True)
        self.channel = channel
        self._left = threading.Event()
        self.demand = Demand(frames_per_second, stopping=self._left.is_set)
        self.handover: Handover | None = None

    def run(self) -> None:
        while message := receive(self.channel):
            self.demand.frames_per_second = message["frames_per_second"]
            if self.handover is not None:
                self.handover.ask()
        self._left.set()
        time.sleep(_CLOSE_SECONDS)
        # The camera hangs, in a capture or in closing.
        os._exit(1)


def _capture(camera: CameraDevice, handover: Handover, listener: _Listener) -> None:
    demand = listener.demand
    due = time.monotonic()
    while True:
        camera.grab(due, demand)
        if demand.stopping():
            return
        handover.update()
        if listener.handover is None:
            listener.handover = handover
            send(listener.channel, title=camera.title, size_hw=camera.size_hw)
        due = demand.next_due(due, time.monotonic())


def _open(request: dict[str, Any], alive: Callable[[], None]) -> CameraDevice:
    """Opens what the agent asks for; `alive` is called before each step that may hang."""
    source, size_wh = request["source"], (request["width"], request["height"])
    alive()
    if source == "auto":
        return _open_any(size_wh, alive)
    if source == "picamera":
        return _open_picamera(size_wh)
    if "://" in source:
        from edge_agent.stream import open_stream

        return open_stream(source, request["hang_seconds"])
    from edge_agent.v4l2 import open_v4l2

    return open_v4l2(source, size_wh)


def _open_picamera(size_wh: tuple[int, int]) -> CameraDevice:
    from edge_agent.picamera import PiCamera

    return PiCamera(size_wh)


def _open_any(size_wh: tuple[int, int], alive: Callable[[], None]) -> CameraDevice:
    reasons = []
    if find_spec("picamera2"):
        try:
            return _open_picamera(size_wh)
        except Exception as error:
            reasons.append(_sentence(error, "picamera"))
    from edge_agent import v4l2

    for path in v4l2.cameras():
        alive()
        try:
            # A board's codecs and raw sensors are video devices, too, and would only hang.
            if v4l2.query(path).bus.startswith("platform:"):
                continue
            return v4l2.open_v4l2(path, size_wh)
        except SourceError as error:
            reasons.append(str(error))
    found = f" ({'; '.join(reasons)})" if reasons else ""
    raise SourceError(
        f"auto: expected a camera, found none{found}; plug one in, or name a source with --source"
    )


def _sentence(error: Exception, source: str) -> str:
    """An error as one line without a login."""
    if isinstance(error, SourceError):
        return str(error)
    name = without_login(source) if "://" in source else source
    text = " ".join(str(error).split()).replace(source, name)[:_LONGEST_ERROR]
    return f"{name}: expected a camera that works, got {type(error).__name__}: {text}"


if __name__ == "__main__":
    main()
