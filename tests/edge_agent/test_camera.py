"""Sources of frames: real files, the sample scene, and all that is none."""

import itertools
import logging
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_agent.camera import Frame, _every_frame, open_source
from edge_agent.config import Camera
from edge_agent.errors import SourceError
from tests.edge_agent.support import write_video
from tests.support import await_true, free_port


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds at ten frames a second."""
    return write_video(tmp_path_factory.mktemp("video") / "moving.mp4", seconds=3, rate=10)


def camera(source: str | Path, frames_per_second: float = 4.0) -> Camera:
    return Camera(source=str(source), frames_per_second=frames_per_second)


def index_of(frame: Frame) -> int:
    """Which frame of `write_video` this is, by where its bright rectangle begins."""
    bright = frame.image_bgr[125].min(axis=1) > 200
    return round(int(bright.argmax()) / 4)


def test_fast_means_every_frame_on_the_clock_of_the_video(video: Path) -> None:
    with open_source(camera(video), fast=True) as source:
        frames = list(source.frames)
    assert not source.live
    assert source.name == "video file moving.mp4"
    assert [index_of(frame) for frame in frames] == list(range(30))
    np.testing.assert_allclose([frame.seconds for frame in frames], np.arange(30) / 10, atol=1e-6)
    assert {frame.image_bgr.shape for frame in frames} == {(240, 320, 3)}
    assert {frame.dropped for frame in frames} == {0}


def test_at_its_own_pace_no_frame_comes_before_it_is_due(video: Path) -> None:
    start = time.monotonic()
    with open_source(camera(video, frames_per_second=2)) as source:
        frames = list(source.frames)
    for frame in frames:
        assert frame.seconds >= start + index_of(frame) / 10 - 0.001
    indices = [index_of(frame) for frame in frames]
    assert indices == sorted(set(indices))
    # Two a second; fewer where a busy machine has dropped some.
    assert 1 <= len(frames) <= 6


def test_more_frames_than_a_video_has_cannot_be_had(tmp_path: Path) -> None:
    video = write_video(tmp_path / "slow.mp4", seconds=1, rate=5)
    with open_source(camera(video, frames_per_second=60)) as source:
        indices = [index_of(frame) for frame in source.frames]
    assert indices == sorted(set(indices))
    assert set(indices) <= set(range(5))


def test_who_is_slow_gets_the_newest_frames_and_the_number_of_the_dropped(tmp_path: Path) -> None:
    video = write_video(tmp_path / "long.mp4", seconds=6, rate=10)
    with open_source(camera(video, frames_per_second=10)) as source:
        first = next(source.frames)
        # Busy for longer than a second, in which ten frames pass.
        await_true(lambda: time.monotonic() > first.seconds + 1.2)
        second = next(source.frames)
    assert index_of(second) >= 10
    assert second.dropped >= 9


@pytest.mark.parametrize(
    ("told_ms", "expected"),
    [
        ([0, 100, 200, 300], [0.0, 0.1, 0.2, 0.3]),
        ([0, 0, 0, 0], [0.0, 0.1, 0.2, 0.3]),
        ([0, 100, 0, 100], [0.0, 0.1, 0.2, 0.3]),
        ([0, 1000, 1200, 1300], [0.0, 1.0, 1.2, 1.3]),
        ([0, 1e12, 1e12 + 200, 1e12 + 300], [0.0, 0.1, 0.3, 0.4]),
    ],
)
def test_the_clock_of_a_video_never_goes_back_or_far_ahead(
    told_ms: list[float], expected: list[float]
) -> None:
    class Capture:
        """What OpenCV tells of a file whose times are like this."""

        def __init__(self) -> None:
            self.times = iter(told_ms)
            self.now = 0.0

        def grab(self) -> bool:
            self.now = next(self.times, -1.0)
            return self.now >= 0

        def get(self, key: int) -> float:
            return 10.0 if key == cv2.CAP_PROP_FPS else self.now

        def retrieve(self) -> tuple[bool, np.ndarray]:
            return True, np.zeros((1, 1, 3), np.uint8)

    seconds = [frame.seconds for frame in _every_frame(Capture())]
    np.testing.assert_allclose(seconds, expected, atol=1e-3)


def test_the_sample_scene_is_endless_and_never_still() -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("skimage")
    with open_source(camera("sample"), fast=True) as source:
        frames = list(itertools.islice(source.frames, 6))
    assert not source.live
    assert [frame.seconds for frame in frames] == [0.0, 0.25, 0.5, 0.75, 1.0, 1.25]
    assert {frame.image_bgr.shape for frame in frames} == {(720, 1280, 3)}
    for before, after in itertools.pairwise(frames):
        assert (before.image_bgr != after.image_bgr).any()


def test_auto_is_the_sample_scene_only_where_no_camera_was() -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("skimage")
    if list(Path("/dev").glob("video*")):
        pytest.skip("this machine has a camera")
    with open_source(camera("auto"), fast=True) as source:
        assert "sample scene" in source.name
    with pytest.raises(SourceError, match="auto: expected a camera, found none"):
        open_source(camera("auto"), camera_only=True)


def test_what_is_no_video_is_refused(tmp_path: Path, video: Path) -> None:
    for name, content in {
        "text.mp4": b"not a video\n" * 100,
        "empty.mp4": b"",
        "cut.mp4": video.read_bytes()[:500],
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(SourceError, match=f"{name}: expected a video that can be decoded"):
            open_source(camera(tmp_path / name))
    with pytest.raises(SourceError, match="got: No such file or directory"):
        open_source(camera(tmp_path / "missing.mp4"))
    with pytest.raises(SourceError, match="got: Is a directory"):
        open_source(camera(tmp_path))


@pytest.mark.parametrize("source", ["99", "/dev/video99"])
def test_an_absent_camera_is_named_with_those_there_are(source: str) -> None:
    with pytest.raises(SourceError, match="/dev/video99: expected a camera, got: No such file"):
        open_source(camera(source))


def test_a_pi_camera_needs_its_package() -> None:
    try:
        import picamera2  # noqa: F401
    except ImportError:
        with pytest.raises(SourceError, match="apt install python3-picamera2"):
            open_source(camera("picamera"))
    else:
        pytest.skip("this machine has picamera2")


@pytest.mark.parametrize(
    "login", ["anna:secret@", "anna:sec/secret@", "anna:se@secret@", "anna:se?secret@"]
)
@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_a_streams_login_is_never_told(
    login: str, scheme: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    address = f"{scheme}://{login}127.0.0.1:{free_port()}/stream?token=secret"
    with caplog.at_level(logging.DEBUG), pytest.raises(SourceError) as caught:
        open_source(camera(address))
    told = "".join([str(caught.value), caplog.text, *capfd.readouterr()])
    assert "expected a stream, could not open it" in told
    assert "secret" not in told
    assert "anna" not in told
    assert "127.0.0.1" in told
