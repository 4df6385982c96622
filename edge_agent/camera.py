"""Sources of frames: Pi camera, USB camera, video file, stream, sample scene."""

import contextlib
import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from edge_agent.config import Camera
from edge_agent.errors import SourceError

# OpenCV and FFmpeg would write to standard error by themselves, addresses included. What is wrong
# with a source is told in a sentence of ours.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
import cv2

_STREAM_TIMEOUT_MS = 10_000
_LATE_SECONDS = 0.1
_CATCH_UP_SECONDS = 1.0
_LONGEST_GAP_SECONDS = 2.0


class Frame(NamedTuple):
    """A picture and when it was taken.

    Attributes:
        seconds: on the source's clock: monotonic time, or the video's own in fast mode.
        image_bgr: (H, W, 3) uint8.
        dropped: frames passed over since the last one.
    """

    seconds: float
    image_bgr: np.ndarray
    dropped: int = 0


@dataclass
class Source:
    """An opened source; close it after use.

    Attributes:
        name: what a person would call it.
        live: whether it can be opened again after it ended or broke.
        frames: yields frames; ends with a file, raises SourceError when a camera is lost.
        close: releases the camera.
    """

    name: str
    live: bool
    frames: Iterator[Frame]
    close: Callable[[], None]

    def __enter__(self) -> "Source":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_source(settings: Camera, *, fast: bool = False, camera_only: bool = False) -> Source:
    """Opens what the settings name.

    Args:
        settings: the section ``camera``.
        fast: take every frame of a file as quickly as possible, on the file's clock.
        camera_only: 'auto' does not fall back on the sample scene, as it must not when a camera
            was lost in mid-lesson.

    Raises:
        SourceError: one sentence on what was expected, what came and what to do.
    """
    name = str(settings.source)
    if name == "auto":
        return _open_auto(settings, fast=fast, camera_only=camera_only)
    if name == "sample":
        return _open_sample(settings, fast=fast)
    if name == "picamera":
        return _open_picamera(settings)
    if name.isdigit() or name.startswith("/dev/video"):
        return _open_usb(f"/dev/video{name}" if name.isdigit() else name, settings)
    if "://" in name:
        return _open_stream(name, settings)
    return _open_file(Path(name), settings, fast=fast)


def _open_auto(settings: Camera, *, fast: bool, camera_only: bool) -> Source:
    openers: list[Callable[[], Source]] = [lambda: _open_picamera(settings)]
    for device in sorted(Path("/dev").glob("video*")):
        openers.append(lambda path=str(device): _open_usb(path, settings))  # type: ignore[misc]
    for opener in openers:
        with contextlib.suppress(SourceError):
            return opener()
    if camera_only:
        raise SourceError(
            "auto: expected a camera, found none; plug one in, or name a source with --source"
        )
    return _open_sample(settings, fast=fast)


def _open_file(path: Path, settings: Camera, *, fast: bool) -> Source:
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
    capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
    frames = _every_frame(capture) if fast else _at_own_pace(capture, settings)
    return Source(f"video file {path.name}", False, frames, capture.release)


def _every_frame(capture: Any) -> Iterator[Frame]:
    for seconds in _grabbed(capture):
        found, image = capture.retrieve()
        if not found:
            return
        yield Frame(seconds, image)


def _grabbed(capture: Any) -> Iterator[float]:
    """The time in the video of each frame, which is then ready to be retrieved."""
    rate = capture.get(cv2.CAP_PROP_FPS)
    step = 1 / rate if 0 < rate < 1000 else 1 / 25
    seconds = -step
    offset = 0.0
    while capture.grab():
        told = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000 + offset
        if not 0 < told - seconds <= _LONGEST_GAP_SECONDS:
            # No times in the file, times that go back, or a gap that nobody would wait for.
            offset += seconds + step - told
            told = seconds + step
        seconds = told
        yield seconds


def _at_own_pace(capture: Any, settings: Camera) -> Iterator[Frame]:
    """Frames of a file when they are due; those that nobody has time for are skipped."""
    start = taken = time.monotonic()
    due = 0.0
    dropped = 0
    for at in _grabbed(capture):
        if at < due:
            continue
        now = time.monotonic()
        late = now - start - at
        # A late frame only costs time; but where decoding alone is too slow, all are late.
        if late > _LATE_SECONDS and now - taken < _CATCH_UP_SECONDS:
            dropped += 1
            continue
        time.sleep(max(0.0, -late))
        found, image = capture.retrieve()
        if not found:
            return
        yield Frame(time.monotonic(), image, dropped)
        taken = time.monotonic()
        dropped = 0
        due = _next_due(due, at, settings)


def _next_due(due: float, now: float, settings: Camera) -> float:
    """When the next frame is wanted: in step with the last, or from now on if that is over."""
    step = 1 / settings.frames_per_second
    return due + step if due + step > now else now + step


def _open_usb(path: str, settings: Camera) -> Source:
    try:
        mode = Path(path).stat().st_mode
    except OSError as error:
        known = ", ".join(str(p) for p in sorted(Path("/dev").glob("video*"))) or "none"
        raise SourceError(
            f"{path}: expected a camera, got: {error.strerror}; cameras of this machine: {known}"
        ) from error
    if not stat.S_ISCHR(mode):
        raise SourceError(f"{path}: expected a camera, got something that is not a device")
    if not os.access(path, os.R_OK | os.W_OK):
        raise SourceError(
            f"{path}: no permission to use this camera; add the user to the group 'video'"
        )
    capture = cv2.VideoCapture(path, cv2.CAP_V4L2)
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, settings.width)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, settings.height)
    # One buffered frame: the newest wins.
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    if not capture.isOpened() or not capture.grab():
        capture.release()
        raise SourceError(
            f"{path}: expected a camera that delivers frames, got none; is another program using "
            "it?"
        )
    return Source(f"camera {path}", True, _live(capture, settings, path), capture.release)


def _open_stream(url: str, settings: Camera) -> Source:
    timeouts = [
        *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _STREAM_TIMEOUT_MS),
        *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, _STREAM_TIMEOUT_MS),
    ]
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, timeouts)
    if not capture.isOpened():
        raise SourceError(
            f"{_without_login(url)}: expected a stream, could not open it; check the address, the "
            "login and the network"
        )
    frames = _live(capture, settings, _without_login(url))
    return Source(f"stream {_without_login(url)}", True, frames, capture.release)


def _live(capture: Any, settings: Camera, name: str) -> Iterator[Frame]:
    """Grabs every frame, so that none is stale, and decodes those that are due."""
    due = time.monotonic()
    while True:
        if not capture.grab():
            raise SourceError(f"{name}: the camera stopped delivering frames")
        now = time.monotonic()
        if now < due:
            continue
        found, image = capture.retrieve()
        if not found:
            raise SourceError(f"{name}: the camera delivered a frame that cannot be decoded")
        yield Frame(now, image)
        due = _next_due(due, now, settings)


def _open_picamera(settings: Camera) -> Source:
    try:
        from picamera2 import Picamera2
    except (ImportError, ValueError) as error:  # ValueError: built for another NumPy
        raise SourceError(
            "picamera: expected the package picamera2, which cannot be imported; on Raspberry Pi "
            "OS: apt install python3-picamera2, and a virtual environment that sees it "
            "(--system-site-packages)"
        ) from error
    if not Picamera2.global_camera_info():
        raise SourceError("picamera: expected a Pi camera, found none; check its ribbon cable")
    camera = Picamera2()
    size = (settings.width, settings.height)
    # libcamera calls it RGB888 when the bytes lie in the order B, G, R.
    camera.configure(camera.create_video_configuration(main={"size": size, "format": "RGB888"}))
    camera.start()

    def frames() -> Iterator[Frame]:
        due = time.monotonic()
        while True:
            time.sleep(max(0.0, due - time.monotonic()))
            image = camera.capture_array("main")
            if image is None:
                raise SourceError("picamera: the camera stopped delivering frames")
            now = time.monotonic()
            yield Frame(now, image)
            due = _next_due(due, now, settings)

    def close() -> None:
        camera.stop()
        camera.close()

    return Source("Pi camera", True, frames(), close)


def _open_sample(settings: Camera, *, fast: bool) -> Source:
    from edge_agent.sample_scene import sample_frames

    pictures = sample_frames(settings.frames_per_second)
    # Drawn now, so that a missing portrait is told before anything starts.
    first = next(pictures)

    def frames() -> Iterator[Frame]:
        start = time.monotonic()
        yield Frame(0.0 if fast else start, first[1])
        for at, image in pictures:
            if fast:
                yield Frame(at, image)
                continue
            time.sleep(max(0.0, start + at - time.monotonic()))
            yield Frame(time.monotonic(), image)

    return Source("sample scene (no camera found or asked for)", False, frames(), lambda: None)


def _without_login(url: str) -> str:
    """The address without user and password, fit for a log."""
    scheme, _, rest = url.partition("://")
    # A password may hold any sign, so all up to the last @ goes.
    return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"
