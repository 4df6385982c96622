"""Runs the whole agent, in this process, on frames from memory."""

import contextlib
import io
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from edge_agent.agent import Agent
from edge_agent.camera import Frame, Source, open_source
from edge_agent.config import Detector, Privacy, Settings
from edge_agent.face_detector import Faces
from edge_agent.face_tracker import NOBODY, FaceTracker
from tests.bench.patched import replaced, replaced_method
from tests.bench.scenes import Frames

_WARM: Final = 4


@dataclass(frozen=True)
class Run:
    """What it took.

    Attributes:
        frames: looked at, after the first few.
        seconds: processor seconds for them, without making them.
        windows: the published counts.
        people: of every frame, the faces that the agent takes for somebody.
    """

    frames: int
    seconds: float
    windows: list[dict[str, Any]]
    people: list[Faces]

    @property
    def per_frame(self) -> float:
        """Processor seconds a frame."""
        return self.seconds / self.frames


class _Meter:
    """Hands frames out, and notes what making them takes."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self.number = 0
        self.making = 0.0
        self.began = 0.0
        self.people: list[Faces] = []

    def __iter__(self) -> Iterator[Frame]:
        frames = self._frames()
        while True:
            start = time.thread_time()
            frame = next(frames, None)
            self.making += time.thread_time() - start
            if frame is None:
                return
            if self.number == _WARM:
                self.began, self.making = time.process_time(), 0.0
            self.number += 1
            yield frame


def run_agent(frames: Frames, detector: Detector | None = None) -> Run:
    """Takes every frame, on the frames' own clock, and publishes into memory.

    Args:
        frames: makes them anew at every call.
        detector: how to look for faces; None for the settings as they come.
    """
    meter = _Meter(frames)
    # Every number is wanted here, also of small groups.
    settings = Settings(
        detector=detector or Detector(),
        privacy=Privacy(min_faces=1),
    )
    printed = io.StringIO()
    source = Source("frames", False, iter(meter), lambda: None)
    with (
        replaced(open_source, lambda *_, **__: source),
        contextlib.redirect_stdout(printed),
        _noting_people(meter.people),
    ):
        Agent(settings, printing=True, fast=True).run()
    seconds = time.process_time() - meter.began - meter.making
    messages = [json.loads(line) for line in printed.getvalue().splitlines()]
    windows = [m["payload"] for m in messages if m["topic"].endswith("/counts")]
    return Run(meter.number - _WARM, seconds, windows, meter.people)


@contextlib.contextmanager
def _noting_people(people: list[Faces]) -> Iterator[None]:
    update = FaceTracker.update

    def noted(self: FaceTracker, faces: Faces, seconds: float) -> np.ndarray:
        ids = update(self, faces, seconds)
        somebody = ids != NOBODY
        people.append(faces[somebody])
        return ids

    with replaced_method(FaceTracker, "update", noted):
        yield
