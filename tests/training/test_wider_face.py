"""WIDER FACE's text format, and a split that keeps the trial video's pictures out of training."""

import zipfile
from pathlib import Path

import pytest

from tests.support import shared_data
from tests.training.datasets import fer2013_zip, wider_face_zip
from training import wider_face
from training.fer2013 import DatasetError


def test_pictures_and_boxes_are_read(tmp_path: Path) -> None:
    source = wider_face_zip(tmp_path / "wider.zip")
    training = wider_face.load(source, "training")
    validation = wider_face.load(source, "validation")
    assert (len(training), len(validation)) == (12, 3)
    assert {p.name for p in training}.isdisjoint(p.name for p in validation)
    assert training[0].image_bgr.shape == (120, 160, 3)
    assert training[0].boxes_xyxy.tolist() == [[20, 30, 60, 70.5], [90, 50, 130, 90.5]]


def test_a_picture_without_a_face_has_one_line_of_zeros() -> None:
    zeros = " 0" * 6
    text = f"a.jpg\n0\n0 0 0 0{zeros}\nb.jpg\n1\n1 2 3 4.5{zeros}"
    found = wider_face.parse_annotations(text)
    assert found["a.jpg"].shape == (0, 10)
    assert found["b.jpg"][0, :4].tolist() == [1, 2, 3, 4.5]


def test_a_broken_line_is_named() -> None:
    with pytest.raises(DatasetError, match="line 1: expected WIDER FACE's text format"):
        wider_face.parse_annotations("a.jpg\nmany\n")


def test_another_data_set_is_told_by_its_file(tmp_path: Path) -> None:
    data = fer2013_zip(tmp_path / "fer.zip", each=1)
    with pytest.raises(DatasetError, match=r"fer\.zip: expected WIDER FACE with one"):
        wider_face.load(data, "training")


def test_the_trial_video_is_never_trained_on() -> None:
    names = [*(f"{number}.jpg" for number in range(3000)), *wider_face.CLASSROOM_PICTURES]
    training = wider_face.split_names(names, "training", seed=0, validation=420)
    validation = wider_face.split_names(names, "validation", seed=0, validation=420)
    assert len(validation) == 420
    assert set(validation) >= wider_face.CLASSROOM_PICTURES
    assert set(training).isdisjoint(validation)
    assert sorted([*training, *validation]) == sorted(names)


def test_the_pictures_of_the_trial_video_exist_under_these_names() -> None:
    source = shared_data("wider_dev.zip")
    with zipfile.ZipFile(source) as archive:
        names = {"/".join(name.split("/")[-2:]) for name in archive.namelist()}
    assert names >= wider_face.CLASSROOM_PICTURES
