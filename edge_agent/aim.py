"""Helps a person to mount the camera: a live text picture of where faces are found."""

import contextlib
import math
import sys
import time
from collections import deque
from typing import Final

from edge_agent.camera import open_source
from edge_agent.config import Settings
from edge_agent.face_detector import FaceDetector
from edge_agent.viewfinder import View, advice, description, drawing, look

_LINE_SECONDS: Final = 1.0
_SUMMED_UP: Final = 1000
_REDRAW: Final = "\x1b[H\x1b[J"
"""ANSI: to the upper left corner, and clear from there."""


def aim(settings: Settings, *, seconds: float | None = None) -> None:
    """Shows what the camera sees until Ctrl-C, the end of a file, or so many seconds.

    On a terminal the picture is drawn anew with every frame; elsewhere there is a line a second.
    No picture is shown, stored or sent.

    Raises:
        EdgeAgentError: when the camera or the network cannot be used.
    """
    detector = FaceDetector(
        settings.detector.model,
        score_threshold=settings.detector.score_threshold,
        longer_side=settings.detector.longer_side,
        num_threads=settings.detector.threads,
    )
    smallest = settings.classifier.smallest_face_pixels
    live = sys.stdout.isatty()
    views: deque[View] = deque(maxlen=_SUMMED_UP)
    with open_source(settings.camera, camera_only=True) as source:
        print(f"{source.name}; Ctrl-C ends")
        until = time.monotonic() + (math.inf if seconds is None else seconds)
        next_line = 0.0
        with contextlib.suppress(KeyboardInterrupt):
            for frame in source.frames:
                faces = detector.detect(frame.image_bgr)
                views.append(look(frame.image_bgr, faces, settings.classifier))
                told = _told([views[-1]], smallest)
                if live:
                    print(f"{_REDRAW}{source.name}; Ctrl-C ends\n{drawing(views[-1])}\n{told}")
                elif time.monotonic() >= next_line:
                    next_line = time.monotonic() + _LINE_SECONDS
                    print(told.replace("\n", ". "), flush=True)
                if time.monotonic() >= until:
                    break
    if views:
        print(f"\nIn the last {len(views)} frames, {_told(list(views), smallest)}")


def _told(views: list[View], smallest: int) -> str:
    return f"{description(views)}\n{advice(views, smallest_face_pixels=smallest)}"
