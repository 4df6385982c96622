"""Which source is opened: what the settings name, or the first camera there is."""

import itertools
from pathlib import Path

import pytest

from edge_agent.camera import open_source
from edge_agent.errors import SourceError
from tests.edge_agent.cameras import PiCamera, camera


@pytest.fixture
def no_usb_camera() -> None:
    """Skips where there is one."""
    if list(Path("/dev").glob("video*")):
        pytest.skip("this machine has a camera")


@pytest.fixture
def portraits() -> None:
    """Skips where the sample scene cannot be drawn."""
    pytest.importorskip("matplotlib")
    pytest.importorskip("skimage")


@pytest.mark.usefixtures("portraits")
def test_the_sample_scene_is_endless_and_never_still() -> None:
    with open_source(camera("sample"), fast=True) as source:
        frames = list(itertools.islice(source.frames, 6))
    assert not source.live
    assert [frame.seconds for frame in frames] == [0.0, 0.25, 0.5, 0.75, 1.0, 1.25]
    assert {frame.image_bgr.shape for frame in frames} == {(720, 1280, 3)}
    for before, after in itertools.pairwise(frames):
        assert (before.image_bgr != after.image_bgr).any()


@pytest.mark.usefixtures("portraits")
def test_the_sample_scene_has_a_pace() -> None:
    with open_source(camera("sample", frames_per_second=10)) as source:
        frames = list(itertools.islice(source.frames, 4))
    # Frames may come late, but none early.
    assert frames[3].seconds - frames[0].seconds > 0.1
    assert [frame.seconds for frame in frames] == sorted({frame.seconds for frame in frames})


@pytest.mark.usefixtures("portraits", "no_usb_camera")
def test_auto_is_the_sample_scene_only_where_no_camera_was() -> None:
    with open_source(camera("auto"), fast=True) as source:
        assert "sample scene" in source.name
    with pytest.raises(SourceError, match="auto: expected a camera, found none; plug one in"):
        open_source(camera("auto"), camera_only=True)


def test_auto_is_the_pi_camera_where_there_is_one(pi_camera: PiCamera) -> None:
    with open_source(camera("auto")) as source:
        assert (source.name, source.live) == ("Pi camera", True)
        assert next(source.frames).image_bgr.shape == (240, 320, 3)


@pytest.mark.usefixtures("no_usb_camera")
def test_auto_says_why_a_camera_that_is_there_cannot_be_used(pi_camera: PiCamera) -> None:
    pi_camera.breaks("busy")
    with pytest.raises(SourceError) as caught:
        open_source(camera("auto"), camera_only=True)
    assert str(caught.value) == (
        "auto: expected a camera, found none (picamera: expected a camera that works, got "
        "RuntimeError: Camera __init__ sequence did not complete.); plug one in, or name a source "
        "with --source"
    )


def test_a_pi_camera_needs_its_package() -> None:
    try:
        import picamera2  # noqa: F401
    except ImportError:
        with pytest.raises(SourceError, match="apt install python3-picamera2"):
            open_source(camera("picamera"))
    else:
        pytest.skip("this machine has picamera2")
