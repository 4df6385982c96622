"""A folder of pictures as a source."""

import logging
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_agent.camera import open_source
from edge_agent.errors import SourceError
from tests.edge_agent.cameras import camera
from tests.support import await_true


def write_pictures(folder: Path, *names: str) -> None:
    """Grey ones; the i-th is as bright as 10 * i."""
    folder.mkdir(exist_ok=True)
    for index, name in enumerate(names):
        assert cv2.imwrite(str(folder / name), np.full((60, 80, 3), 10 * index, np.uint8))


def test_pictures_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    write_pictures(tmp_path / "room", "a.jpg", "b.PNG", "c.jpeg", "d.jpg")
    (tmp_path / "room" / "a.txt").write_text("notes")
    with open_source(camera(tmp_path / "room", frames_per_second=2), fast=True) as source:
        frames = list(source.frames)
    assert (source.name, source.live) == ("folder of pictures room", False)
    assert [frame.seconds for frame in frames] == [0.0, 0.5, 1.0, 1.5]
    assert [round(frame.image_bgr.mean()) for frame in frames] == [0, 10, 20, 30]
    assert {frame.image_bgr.shape for frame in frames} == {(60, 80, 3)}


def test_each_picture_is_shown_for_one_frame(tmp_path: Path) -> None:
    write_pictures(tmp_path, *(f"{index:02}.png" for index in range(20)))
    start = time.monotonic()
    with open_source(camera(tmp_path, frames_per_second=10)) as source:
        first = next(source.frames)
        await_true(lambda: time.monotonic() > start + 0.7)
        rest = list(source.frames)
    shown = [round(frame.image_bgr.mean() / 10) for frame in [first, *rest]]
    assert shown[0] == 0
    assert shown[1] >= 5
    assert rest[0].dropped == shown[1] - 1
    for frame, index in zip(rest, shown[1:], strict=True):
        assert frame.seconds >= start + index / 10 - 0.001


def test_broken_pictures_are_left_out_with_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    write_pictures(tmp_path, "b.jpg", "d.png")
    (tmp_path / "a.jpg").write_bytes(b"")
    (tmp_path / "c.png").write_bytes((tmp_path / "d.png").read_bytes()[:40])
    (tmp_path / "e.jpg").mkdir()
    with open_source(camera(tmp_path), fast=True) as source:
        frames = list(source.frames)
    assert [round(frame.image_bgr.mean()) for frame in frames] == [0, 10]
    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (
        logging.WARNING,
        f"{tmp_path}/a.jpg: expected a picture, got a file that cannot be decoded; this and any "
        "other like it are left out",
    )
    assert capfd.readouterr() == ("", "")


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("notes")
    expected = r"expected pictures \(.jpg, .jpeg, .png\), found none that can be decoded"
    with pytest.raises(SourceError, match=expected):
        open_source(camera(tmp_path))
    (tmp_path / "only.jpg").write_bytes(b"no picture")
    with pytest.raises(SourceError, match=expected):
        open_source(camera(tmp_path))
