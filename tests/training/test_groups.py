"""Recall by group, worked out by hand; and the page and the sheet that a person reads."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edge_agent.face_detector import Faces
from tests.support import REPOSITORY
from tests.training.datasets import wider_face_zip
from training.face_detector.evaluate import match
from training.face_detector.groups import (
    GroupRecall,
    found_faces,
    gaps,
    read_demographics,
    recall_by_group,
)
from training.face_detector.sheet import boxes_on_nothing, missed_faces
from training.fer2013 import DatasetError
from training.wider_face import LabelledPicture


def picture(*heights: float, poses: tuple[int, ...] = (), name: str = "a/b.jpg") -> LabelledPicture:
    """Faces beside each other, as wide as high."""
    boxes = np.array([[200 * i, 0, 200 * i + h, h] for i, h in enumerate(heights)], np.float32)
    attributes = np.zeros((len(heights), 6), int)
    attributes[:, 5] = poses or 0
    blank = np.zeros((200, 200 * len(heights), 3), np.uint8)
    return LabelledPicture(name, blank, boxes, np.zeros(len(heights), bool), attributes)


def test_a_face_is_found_by_one_box_above_the_threshold() -> None:
    one = picture(50, 50, 50)
    boxes = np.array([[0, 0, 50, 50], [1, 0, 51, 50], [200, 0, 250, 50]], np.float32)
    found = Faces(boxes, np.array([0.9, 0.8, 0.3], np.float32))
    assert found_faces([found], [one], threshold=0.5)[0].tolist() == [True, False, False]
    assert found_faces([found], [one], threshold=0.2)[0].tolist() == [True, True, False]


def test_what_is_no_face_costs_average_precision_and_what_lies_beside_one_another() -> None:
    """The surest box is on nothing, the second beside a face, the third on it; one is missed."""
    one = picture(50, 50)
    boxes = np.array([[100, 0, 150, 50], [30, 0, 80, 50], [0, 0, 50, 50]], np.float32)
    found = Faces(boxes, np.array([0.9, 0.8, 0.7], np.float32))
    matches = match([found], [one.boxes_xyxy], [one.ignored], min_height=12)
    assert matches.on_nothing.tolist() == [True, False, False]
    assert matches.average_precision() == pytest.approx(1 / 3 / 2)
    assert matches.without(matches.on_nothing).average_precision() == pytest.approx(1 / 2 / 2)
    assert matches.without(~matches.hits).average_precision() == pytest.approx(1 / 2)
    (false,) = boxes_on_nothing([found], [one])
    assert false.box_xyxy.tolist() == [100, 0, 150, 50]
    (missed,) = missed_faces(found_faces([found], [one], threshold=0.5), [one])
    assert missed.box_xyxy.tolist() == [200, 0, 250, 50]


def test_equal_size_takes_away_what_is_only_size() -> None:
    # Both groups: all large faces found, and half of the small; one group has more small ones.
    typical, atypical = [100.0] * 6 + [20.0] * 2, [100.0] * 2 + [20.0] * 6
    one = picture(*typical, *atypical, poses=(0,) * 8 + (1,) * 8)
    hits = [True] * 6 + [True, False] + [True] * 2 + [True, False] * 3
    pose = recall_by_group([np.array(hits)], [one])["pose"]
    assert (pose["typical"].faces, pose["atypical"].faces) == (8, 8)
    assert pose["typical"].recall == pytest.approx(7 / 8)
    assert pose["atypical"].recall == pytest.approx(5 / 8)
    assert pose["typical"].at_equal_size == pytest.approx(0.75)
    assert pose["atypical"].at_equal_size == pytest.approx(0.75)


def test_small_faces_and_those_of_whom_nothing_is_known_are_not_asked_for() -> None:
    one = picture(11, 50, 50)
    known = {("a/b.jpg", 1): {"perceived_skin": "VI", "perceived_age": "", "perceived_gender": "x"}}
    recalls = recall_by_group([np.array([False, True, False])], [one], known)
    assert recalls["pose"]["typical"].faces == 2
    skin = recalls["perceived skin tone (Fitzpatrick)"]
    assert {group: (value.faces, value.recall) for group, value in skin.items()} == {"VI": (1, 1.0)}
    assert recalls["perceived age"] == {}


def test_only_groups_of_enough_faces_are_compared() -> None:
    def group(faces: int, share: float) -> GroupRecall:
        return GroupRecall(faces, share, (0, 1), share, (0, 1))

    few = {
        "a": group(500, 0.9),
        "b": group(400, 0.85),
        "c": group(99, 0.1),
        "Not Sure": group(300, 0.2),
    }
    assert gaps({"pose": few, "blur": {"a": few["a"]}}) == {"pose": ("b", pytest.approx(0.05))}


def test_a_file_that_holds_no_demographics_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("name,age\na,1\n")
    with pytest.raises(DatasetError, match="expected a CSV file with the columns image"):
        read_demographics(tmp_path / "x.csv")


def evaluate(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "training", "evaluate-detector", *map(str, arguments)]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


def test_the_page_says_how_well_faces_are_found_and_who_is_found_less(tmp_path: Path) -> None:
    data = wider_face_zip(tmp_path / "wider.zip")
    page, sheet = tmp_path / "detector.md", tmp_path / "misses.png"
    false = tmp_path / "false.png"
    done = evaluate(
        *("--data", data, "--json", "--report", page, "--misses", sheet, "--false-boxes", false)
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["pictures"] == 3
    text = page.read_text()
    for part in (
        "3 validation pictures",
        "| released |",
        "no box on nothing",
        "| pose | typical | 6 |",
    ):
        assert part in text
    assert str(tmp_path) not in text
    assert page.with_suffix(".png").stat().st_size > 0
    assert sheet.stat().st_size > 0
    assert false.stat().st_size > 0


def test_no_page_is_made_of_pictures_that_were_learned(tmp_path: Path) -> None:
    data = wider_face_zip(tmp_path / "wider.zip")
    done = evaluate("--data", data, "--learned", "--report", tmp_path / "page.md")
    assert done.returncode == 2
    assert "--learned: expected no --report" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("option", ["--misses", "--false-boxes"])
def test_faces_of_others_are_not_written_into_the_repository(tmp_path: Path, option: str) -> None:
    data = wider_face_zip(tmp_path / "wider.zip")
    done = evaluate("--data", data, option, REPOSITORY / "docs" / "misses.png")
    assert done.returncode == 2
    assert "expected a file outside of the repository" in done.stderr.splitlines()[-1]
    assert not (REPOSITORY / "docs" / "misses.png").exists()
