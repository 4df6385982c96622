"""A camera in a process of its own: what it hands over, and all that can go wrong with it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from edge_agent.camera import open_source
from edge_agent.demand import Demand
from edge_agent.errors import SourceError
from tests.edge_agent.cameras import PiCamera, camera, camera_processes, is_gone
from tests.support import REPOSITORY, await_true


def test_frames_come_in_the_colours_and_the_size_asked_for(pi_camera: PiCamera) -> None:
    with open_source(camera("picamera", frames_per_second=30)) as source:
        frames = [next(source.frames) for _ in range(5)]
    assert (source.name, source.live) == ("Pi camera", True)
    assert {frame.image_bgr.shape for frame in frames} == {(240, 320, 3)}
    for frame in frames:
        assert (frame.image_bgr == [frame.image_bgr[0, 0, 0], 100, 200]).all()
    numbers = [int(frame.image_bgr[0, 0, 0]) for frame in frames]
    assert numbers == sorted(set(numbers))
    assert [frame.seconds for frame in frames] == sorted(frame.seconds for frame in frames)
    assert frames[-1].seconds <= time.monotonic()
    # Camera 0 is the one on USB, which Picamera2 lists, too.
    assert pi_camera.calls() == ["open 1", "start", "stop", "close"]
    assert camera_processes() == []


def test_who_is_slow_gets_the_newest_frame_and_the_number_of_the_dropped(
    pi_camera: PiCamera,
) -> None:
    with open_source(camera("picamera", frames_per_second=30)) as source:
        first = next(source.frames)
        before = first.image_bgr.copy()
        await_true(lambda: time.monotonic() > first.seconds + 1.5)
        asked = time.monotonic()
        second, third = next(source.frames), next(source.frames)
    # None that had been waiting for a second.
    assert second.seconds > asked - 1
    numbers = [int(frame.image_bgr[0, 0, 0]) for frame in (first, second, third)]
    assert second.dropped == numbers[1] - numbers[0] - 1 >= 5
    assert third.dropped == numbers[2] - numbers[1] - 1
    # The one in hand stayed what it was.
    np.testing.assert_array_equal(first.image_bgr, before)


def test_fewer_frames_are_taken_as_soon_as_fewer_are_wanted(pi_camera: PiCamera) -> None:
    demand = Demand(30)
    with open_source(camera("picamera"), demand=demand) as source:
        next(source.frames)
        demand.frames_per_second = 1
        # One may have been taken already.
        seconds = [next(source.frames).seconds for _ in range(4)]
    assert seconds[-1] - seconds[1] > 1


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("absent", "picamera: expected a Pi camera, found none; check its ribbon cable"),
        ("usb only", "picamera: expected a Pi camera, found none; check its ribbon cable"),
        (
            "busy",
            "picamera: expected a camera that works, got RuntimeError: Camera __init__ sequence "
            "did not complete.",
        ),
        (
            "hangs in open",
            "picamera: expected a frame within 1 s, got none; check the camera and its cable, or "
            "raise camera.hang_seconds",
        ),
        (
            "hangs at once",
            "picamera: expected a frame within 1 s, got none; check the camera and its cable, or "
            "raise camera.hang_seconds",
        ),
    ],
)
def test_a_camera_that_cannot_be_opened_is_an_error_in_a_sentence(
    fault: str, expected: str, pi_camera: PiCamera
) -> None:
    pi_camera.breaks(fault)
    with pytest.raises(SourceError) as caught:
        open_source(camera("picamera", hang_seconds=1))
    assert str(caught.value) == expected
    assert camera_processes() == []


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (
            "hangs later",
            "Pi camera: expected a frame within 1 s, got none; check the camera and its cable, or "
            "raise camera.hang_seconds",
        ),
        (
            "raises",
            "picamera: expected a camera that works, got RuntimeError: Camera frontend has timed "
            "out!",
        ),
        ("none", "Pi camera: expected a frame, got none; check its ribbon cable"),
        (
            "grey",
            "Pi camera: expected frames of (240, 320, 3), got (240, 320); choose another "
            "camera.width and camera.height",
        ),
        (
            "crashes",
            "Pi camera: expected frames, but the process that takes them ended (SIGSEGV); see the "
            "system's log on the camera's driver",
        ),
    ],
)
def test_a_camera_that_is_lost_is_an_error_in_a_sentence_and_can_be_opened_again(
    fault: str, expected: str, pi_camera: PiCamera
) -> None:
    pi_camera.breaks(fault)
    settings = camera("picamera", frames_per_second=30, hang_seconds=1)
    with open_source(settings) as source, pytest.raises(SourceError) as caught:
        for _ in source.frames:
            pass
    assert str(caught.value) == expected
    assert camera_processes() == []
    pi_camera.breaks("")
    with open_source(settings) as source:
        assert next(source.frames).image_bgr.shape == (240, 320, 3)


@pytest.mark.parametrize("fault", ["hangs later", "hangs in stop"])
def test_a_camera_is_released_even_when_it_hangs(fault: str, pi_camera: PiCamera) -> None:
    pi_camera.breaks(fault)
    source = open_source(camera("picamera", frames_per_second=30))
    if fault == "hangs later":
        await_true(lambda: "hangs" in pi_camera.calls())
    (process,) = camera_processes()
    source.close()
    assert is_gone(process)
    # Closing once more does no harm.
    source.close()


USER_OF_A_CAMERA = """
from edge_agent.camera import open_source
from edge_agent.config import Camera
for frame in open_source(Camera(source="picamera", hang_seconds=600)).frames:
    pass
"""


@pytest.mark.parametrize("fault", ["", "hangs later"])
def test_the_camera_is_released_when_the_agent_is_killed(fault: str, pi_camera: PiCamera) -> None:
    pi_camera.breaks(fault)
    with subprocess.Popen([sys.executable, "-c", USER_OF_A_CAMERA], cwd=REPOSITORY) as agent:
        await_true(lambda: ("hangs" if fault else "start") in pi_camera.calls())
        (process,) = camera_processes(agent.pid)
        agent.kill()
    await_true(lambda: is_gone(process))


def test_the_signals_of_a_terminal_and_of_systemd_are_the_agents_business(
    pi_camera: PiCamera,
) -> None:
    with open_source(camera("picamera")) as source:
        (process,) = camera_processes()
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(process, number)
            next(source.frames)
    assert pi_camera.calls()[-1] == "close"


def test_nobody_waits_for_a_camera_when_told_to_stop(pi_camera: PiCamera) -> None:
    pi_camera.breaks("hangs later")
    demand = Demand(30, stopping=lambda: "hangs" in pi_camera.calls())
    with open_source(camera("picamera", hang_seconds=600), demand=demand) as source:
        assert len(list(source.frames)) <= 3
    pi_camera.breaks("hangs at once")
    with pytest.raises(SourceError, match="picamera: expected time to open it, was told to stop"):
        open_source(camera("picamera", hang_seconds=600), demand=demand)


def test_a_crash_leaves_no_frame_behind(pi_camera: PiCamera) -> None:
    with open_source(camera("picamera")) as source:
        next(source.frames)
        (process_id,) = camera_processes()
        process = Path(f"/proc/{process_id}")
        limits = (process / "limits").read_text()
        assert limits.split("Max core file size")[1].split()[:2] == ["0", "0"]
        # Its files: frames in a memory without a name, and nothing that could be written to.
        files = {str(file.readlink()) for file in (process / "fd").iterdir()}
        assert "/memfd:frames (deleted)" in files
        named = {file for file in files if file.startswith("/") and "memfd" not in file}
        assert named <= {"/dev/null"}
        # Shared with the agent alone, and mapped by no other name.
        maps = (process / "maps").read_text()
        assert "/dev/shm" not in maps
        assert "/memfd:frames (deleted)" in maps


def test_the_process_of_the_camera_is_light(pi_camera: PiCamera) -> None:
    with open_source(camera("picamera")) as source:
        next(source.frames)
        (process,) = camera_processes()
        maps = Path(f"/proc/{process}/maps").read_text()
    for heavy in ("pydantic", "litert", "cv2"):
        assert heavy not in maps
