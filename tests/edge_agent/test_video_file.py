"""Video files as sources: every frame, its own pace, and all that is no video."""

import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_agent.camera import open_source
from edge_agent.demand import Demand
from edge_agent.errors import SourceError
from edge_agent.source import Frame
from edge_agent.video_file import video_times
from tests.edge_agent.cameras import camera
from tests.edge_agent.support import write_video
from tests.support import await_true


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds at ten frames a second."""
    return write_video(tmp_path_factory.mktemp("video") / "moving.mp4", seconds=3, rate=10)


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


def test_who_wants_no_more_frames_need_not_wait_for_the_next(video: Path) -> None:
    answers = iter([False, False])
    demand = Demand(0.001, stopping=lambda: next(answers, True))
    with open_source(camera(video), demand=demand) as source:
        assert len(list(source.frames)) == 1


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
        """What OpenCV tells of a file whose times are like this, at its first frame."""

        def __init__(self) -> None:
            self.times = iter(told_ms)
            self.now = next(self.times)

        def grab(self) -> bool:
            self.now = next(self.times, -1.0)
            return self.now >= 0

        def get(self, key: int) -> float:
            return 10.0 if key == cv2.CAP_PROP_FPS else self.now

    np.testing.assert_allclose(list(video_times(Capture())), expected, atol=1e-3)


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


@pytest.mark.parametrize("fast", [True, False])
def test_a_video_that_breaks_off_gives_what_it_has_and_says_so(
    fast: bool, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = write_video(tmp_path / "whole.avi", seconds=3, rate=10)
    cut = tmp_path / "cut.avi"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    frames = []
    settings = camera(cut, frames_per_second=60)
    with open_source(settings, fast=fast) as source, pytest.raises(SourceError) as caught:
        for frame in source.frames:
            frames.append(frame)
    assert 1 <= len(frames) < 25
    found = len(frames) if fast else r"\d+"
    assert caught.match(
        f"cut.avi: expected 30 frames, got {found} before the file broke off; copy it again"
    )
    assert capfd.readouterr() == ("", "")
