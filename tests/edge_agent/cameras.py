"""What the tests of sources share: settings, and a Pi camera that is none."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge_agent.config import Camera

STAND_INS = Path(__file__).parent / "stand_ins"


def camera(source: str | Path, **values: Any) -> Camera:
    """The settings of a source, 320 pixels wide."""
    return Camera.model_validate({"source": str(source), "width": 320, "height": 240} | values)


class PiCamera:
    """The stand-in for Picamera2 that new processes find.

    Args:
        log: where it writes which calls were made.
        set_variable: sets a variable of the environment.
    """

    def __init__(self, log: Path, set_variable: Callable[[str, str], None]) -> None:
        self._log = log
        self._set_variable = set_variable
        set_variable("PYTHONPATH", str(STAND_INS))
        set_variable("PICAMERA2_LOG", str(log))

    def breaks(self, fault: str) -> None:
        """From now on a newly opened camera has this fault."""
        self._set_variable("PICAMERA2_STAND_IN", fault)

    def calls(self) -> list[str]:
        """What was asked of it."""
        return self._log.read_text().splitlines() if self._log.exists() else []


def camera_processes(parent: int | None = None) -> list[int]:
    """The capture processes that a process, by default this one, has started and not ended."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            # After the name, which may hold anything: its state, and who started it.
            _, ppid, *_ = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_bytes().split(b"\0")
            if int(ppid) == (parent or os.getpid()) and b"edge_agent.camera_process" in command:
                found.append(int(folder.name))
    return found


def is_gone(process_id: int) -> bool:
    """Whether a process has ended and was waited for."""
    return not Path(f"/proc/{process_id}").exists()
