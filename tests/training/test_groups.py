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
    Gap,
    GroupRecall,
    found_faces,
    gaps,
    read_demographics,
    recall_by_group,
    threshold_finding,
)
from training.face_detector.remaining_gap import remaining_gaps
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
    apart = Gap(least="b", most="a", at_equal_size=pytest.approx(0.05))
    assert gaps({"pose": few, "blur": {"a": few["a"]}}) == {"pose": apart}


def test_two_tones_of_skin_together_are_enough_faces_to_be_compared() -> None:
    one = picture(*[50.0] * 200)
    tones = ["I"] * 100 + ["V"] * 50 + ["VI"] * 50
    known = {
        ("a/b.jpg", i): {"perceived_skin": t, "perceived_age": "", "perceived_gender": ""}
        for i, t in enumerate(tones)
    }
    hits = np.array([True] * 150 + [False] * 50)
    recalls = recall_by_group([hits], [one], known)
    assert recalls["perceived skin tone (Fitzpatrick)"]["VI"].recall == 0
    pairs = recalls["the same, two tones together"]
    assert pairs["V and VI"].faces == 100
    assert list(gaps(recalls)) == ["the same, two tones together"]
    assert gaps(recalls)["the same, two tones together"] == Gap("V and VI", "I and II", 0.5)


def test_the_threshold_at_which_as_many_faces_are_found() -> None:
    one = picture(50, 50, 50, 11)
    boxes = np.array(
        [[0, 0, 50, 50], [600, 0, 611, 11], [200, 0, 250, 50], [100, 0, 110, 9]], np.float32
    )
    found = Faces(boxes, np.array([0.9, 0.8, 0.75, 0.2], np.float32))
    assert threshold_finding(1, [found], [one]) == pytest.approx(0.9)
    assert threshold_finding(2, [found], [one]) == pytest.approx(0.75)
    assert threshold_finding(3, [found], [one]) == pytest.approx(0.75)


def test_what_hides_the_faces_of_a_group_is_told_from_who_they_are() -> None:
    """All who look up are found, and half of the others: more of one group look down."""
    poses = [0] * 150 + [1] * 50 + [0] * 50 + [1] * 150
    genders = ["Female"] * 200 + ["Male"] * 200
    one = picture(*[50.0] * 400, poses=tuple(poses))
    known = {
        ("a/b.jpg", i): {"perceived_skin": "", "perceived_age": "", "perceived_gender": g}
        for i, g in enumerate(genders)
    }
    seen = [pose == 0 or i % 2 == 0 for i, pose in enumerate(poses)]
    found = Faces(one.boxes_xyxy[seen], np.full(sum(seen), 0.9, np.float32))
    # The other detector is less sure of everybody, and finds nobody who looks down and is a man.
    least = [pose == 0 or (i % 2 == 0 and i < 200) for i, pose in enumerate(poses)]
    other = Faces(one.boxes_xyxy[least], np.full(sum(least), 0.1, np.float32))
    detectors = {"released": [found], "other": [other]}
    (by_detector,) = remaining_gaps(detectors, [one], known, threshold=0.5).values()
    assert by_detector["released"].at_equal_size == pytest.approx(0.875 - 0.625)
    assert by_detector["released"].equally_hidden == pytest.approx(0)
    assert by_detector["released"].faces == 400
    assert by_detector["other"].equally_hidden == pytest.approx(0.5 * 200 / 400)


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
