"""What a person who mounts a camera is told."""

import os
import pty
import re
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_agent.config import Classifier
from edge_agent.drawn_faces import drawn_faces
from edge_agent.face_detector import Faces
from edge_agent.viewfinder import View, advice, description, drawing, look
from tests.edge_agent.support import config_file, edge_agent
from tests.support import PATIENCE_SECONDS, REPOSITORY

SMALLEST = 24


def view(*boxes_xyxy: tuple[int, ...], light: int = 120, frontality: float = 1.0) -> View:
    """A picture of 640 x 360 pixels, as bright as that, with these faces turned as far as that."""
    boxes = np.array(boxes_xyxy, np.float32).reshape(-1, 4)
    image = np.full((360, 640, 3), light, np.uint8)
    scores = np.ones(len(boxes), np.float32)
    settings = Classifier(smallest_face_pixels=SMALLEST)
    return look(image, Faces(boxes, scores, frontality * scores), settings)


LARGE, SMALL, CUT_OFF = (100, 90, 160, 180), (500, 300, 520, 322), (0, 100, 60, 170)


def told(*views: View) -> tuple[str, str]:
    return description(views), advice(views, smallest_face_pixels=SMALLEST)


def test_faces_are_drawn_where_they_are() -> None:
    assert drawing(view(LARGE, SMALL)).splitlines() == [
        "+--------------------------------+",
        "|································|",
        "|································|",
        "|································|",
        "|·····OOO························|",
        "|·····OOO························|",
        "|·····OOO························|",
        "|································|",
        "|································|",
        "|································|",
        "|································|",
        "|·························o······|",
        "|································|",
        "+--------------------------------+",
    ]


@pytest.mark.parametrize(
    ("views", "described", "advised"),
    [
        (
            [view(LARGE)],
            "faces: 1, of 60 to 60 pixels, median 60; too small: 0; turned away: 0; at the border: "
            "0; light: fine",
            "Fine: every face that is found is large enough.",
        ),
        (
            [view(LARGE, SMALL)],
            "faces: 2, of 20 to 60 pixels, median 40; too small: 1; turned away: 0; at the border: "
            "0; light: fine",
            "Some faces are below 24 pixels and are not classified: move the camera closer, zoom "
            "in, or turn up camera.width and camera.height (now 640 x 360).",
        ),
        (
            [view(LARGE, CUT_OFF)],
            "faces: 2, of 60 to 60 pixels, median 60; too small: 0; turned away: 0; at the border: "
            "1; light: fine",
            "Some faces are cut off by the border: turn the camera, or move it back.",
        ),
        (
            [view()],
            "faces: 0; too small: 0; turned away: 0; at the border: 0; light: fine",
            "No face is found: turn the camera towards the faces, or move it closer.",
        ),
        (
            [view(light=20)],
            "faces: 0; too small: 0; turned away: 0; at the border: 0; light: too dark",
            "Too dark: give the room more light, or turn the camera away from what is bright.",
        ),
        (
            [view(LARGE, light=240)],
            "faces: 1, of 60 to 60 pixels, median 60; too small: 0; turned away: 0; at the border: "
            "0; light: too "
            "bright",
            "Too bright: turn the camera away from windows and lamps, or draw the curtains.",
        ),
        # One small face among many frames is no reason to climb the ladder again.
        (
            [view(LARGE)] * 20 + [view(LARGE, SMALL)],
            "faces: 1, of 20 to 60 pixels, median 60; too small: 0; turned away: 0; at the border: "
            "0; light: fine",
            "Fine: every face that is found is large enough.",
        ),
        (
            [view(LARGE, frontality=0.1)] * 2 + [view(LARGE)],
            "faces: 1, of 60 to 60 pixels, median 60; too small: 0; turned away: 1; at the border: "
            "0; light: fine",
            "Most faces are seen from the side and are not classified: put the camera where the "
            "class looks, as beside the board.",
        ),
        # Somebody always talks to a neighbour.
        (
            [view(LARGE), view(LARGE, frontality=0.1)],
            "faces: 1, of 60 to 60 pixels, median 60; too small: 0; turned away: 0; at the border: "
            "0; light: fine",
            "Fine: every face that is found is large enough.",
        ),
    ],
)
def test_what_is_seen_is_told_with_what_to_do(
    views: list[View], described: str, advised: str
) -> None:
    assert told(*views) == (described, advised)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Two seconds of the drawn faces, large and then small."""
    path = tmp_path / "v.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 10, (640, 360))
    small = np.full_like(drawn_faces(), 120)
    small[:90, :160] = cv2.resize(drawn_faces(), (160, 90), interpolation=cv2.INTER_AREA)
    for image in [drawn_faces()] * 10 + [small] * 10:
        writer.write(image)
    writer.release()
    return path


def test_without_a_terminal_there_are_lines_and_a_summary(tmp_path: Path, video: Path) -> None:
    before = sorted(tmp_path.iterdir())
    shown = edge_agent("aim", "--source", video)
    assert (shown.returncode, shown.stderr) == (0, "")
    first, *lines, _, summary, advised = shown.stdout.splitlines()
    assert first == "video file v.mp4; Ctrl-C ends"
    assert lines[0].startswith("faces: 3, of ")
    [middle] = re.findall(r" median (\d+);", lines[0])
    assert 85 <= int(middle) <= 115  # where a drawn face ends is the detector's to say
    assert lines[0].endswith(
        "too small: 0; turned away: 0; at the border: 0; light: fine. "
        "Fine: every face that is found is large enough."
    )
    assert summary.startswith("In the last 8 frames, faces: 3, of ")
    assert advised
    assert sorted(tmp_path.iterdir()) == before


def test_it_ends_when_the_time_is_over(video: Path) -> None:
    shown = edge_agent("aim", "--source", video, "--seconds", "0")
    assert shown.returncode == 0
    assert "In the last 1 frames, " in shown.stdout


@contextmanager
def running_on_a_terminal(
    *arguments: str | Path,
) -> Iterator[tuple["subprocess.Popen[bytes]", Callable[[], str]]]:
    """The program on a terminal of its own, and what reads more of its screen, or "" at the end."""
    ours, its = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "edge_agent", *map(str, arguments)],
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        stdout=its,
        stderr=its,
    )
    os.close(its)

    def read() -> str:
        assert select.select([ours], [], [], PATIENCE_SECONDS)[0], "nothing more came"
        try:
            return os.read(ours, 65536).decode(errors="replace")
        except OSError:  # Linux says so when the last writer has gone
            return ""

    try:
        yield process, read
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def test_a_terminal_shows_a_picture_that_ctrl_c_ends(tmp_path: Path, video: Path) -> None:
    config = config_file(tmp_path, classifier={"smallest_face_pixels": 85})
    screen = ""
    with running_on_a_terminal("aim", "--source", video, "--config", config) as (process, read):
        while "light: fine" not in screen:
            screen += (more := read())
            assert more, screen
        process.send_signal(2)
        while more := read():
            screen += more
        assert process.wait(PATIENCE_SECONDS) == 0
    picture = screen.partition("\x1b[H\x1b[J")[2].partition("\x1b")[0]
    assert "O" in picture and "o" in picture.partition("+")[2].rpartition("+")[0]
    assert "Traceback" not in screen
    assert "In the last " in screen


def test_a_camera_that_is_not_there_is_named() -> None:
    shown = edge_agent("aim", "--source", "/dev/video99")
    assert (shown.returncode, shown.stdout) == (2, "")
    assert shown.stderr.startswith("edge_agent: /dev/video99: expected a camera")
