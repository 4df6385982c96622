"""A video file as a source."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from edge_agent.demand import Demand
from edge_agent.errors import SourceError
from edge_agent.recording import Recording, at_own_pace, every_frame
from edge_agent.source import Source

# OpenCV and FFmpeg would write to standard error by themselves. What is wrong with a source is
# told in a sentence of ours.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
import cv2

_LONGEST_GAP_SECONDS: Final = 2.0
_LEAST_SHARE: Final = 0.9
"""Of the frames a file announces, which some containers only estimate."""


def open_video_file(path: Path, demand: Demand, *, fast: bool) -> Source:
    """Opens a video that OpenCV can decode.

    Raises:
        SourceError: when it cannot be read or holds no frame; its frames raise one where the
            file ends long before it says.
    """
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise SourceError(
            f"{path}: expected a readable video file, got: {error.strerror}; check the path given "
            "with --source"
        ) from error
    capture = None if empty else cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    if capture is None or not capture.isOpened() or not capture.grab():
        raise SourceError(
            f"{path}: expected a video that can be decoded, got a file without a readable frame; "
            "convert it to MP4 (H.264)"
        )
    recording = _recording(capture, path)
    frames = every_frame(recording) if fast else at_own_pace(recording, demand)
    return Source(f"video file {path.name}", False, frames, capture.release)


def _recording(capture: Any, path: Path) -> Recording:
    announced = capture.get(cv2.CAP_PROP_FRAME_COUNT)
    found = 0
    for seconds in video_times(capture):
        found += 1
        yield seconds, partial(_retrieved, capture)
    if found < _LEAST_SHARE * announced:
        raise SourceError(
            f"{path}: expected {announced:.0f} frames, got {found} before the file broke off; "
            "copy it again"
        )


def video_times(capture: Any) -> Iterator[float]:
    """The time in the video of each frame, which is then ready to be retrieved.

    Args:
        capture: an opened `cv2.VideoCapture` that has its first frame grabbed.
    """
    rate = capture.get(cv2.CAP_PROP_FPS)
    step = 1 / rate if 0 < rate < 1000 else 1 / 25
    seconds = -step
    offset = 0.0
    while True:
        told = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000 + offset
        if not 0 < told - seconds <= _LONGEST_GAP_SECONDS:
            # No times in the file, times that go back, or a gap that nobody would wait for.
            offset += seconds + step - told
            told = seconds + step
        seconds = told
        yield seconds
        if not capture.grab():
            return


def _retrieved(capture: Any) -> np.ndarray | None:
    found, image = capture.retrieve()
    return image if found else None
