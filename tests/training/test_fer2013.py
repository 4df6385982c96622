"""FER-2013 is read alike from a zip file and a folder, and a wrong file is told."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from edge_agent.emotions import EMOTIONS
from tests.training.datasets import fer2013_zip
from training import fer2013


def test_zip_and_folder_give_the_same_split(tmp_path: Path) -> None:
    source = fer2013_zip(tmp_path / "fer.zip", each=2)
    with zipfile.ZipFile(source) as archive:
        archive.extractall(tmp_path / "folder")
    first = fer2013.load(source, "public_test")
    second = fer2013.load(tmp_path / "folder", "public_test")
    assert first.paths == second.paths == tuple(sorted(first.paths))
    assert np.array_equal(first.faces_gray, second.faces_gray)
    assert first.faces_gray.shape == (14, 48, 48)
    assert [EMOTIONS[label] for label in first.labels[::2]] == list(EMOTIONS)


def test_splits_share_no_picture(tmp_path: Path) -> None:
    source = fer2013_zip(tmp_path / "fer.zip", each=2)
    paths = [path for split in fer2013.SPLITS for path in fer2013.load(source, split).paths]
    assert len(paths) == len(set(paths)) == 42


def test_a_missing_file_and_an_empty_one_are_told(tmp_path: Path) -> None:
    with pytest.raises(fer2013.DatasetError, match=r"absent\.zip: expected FER-2013"):
        fer2013.load(tmp_path / "absent.zip", "training")
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as archive:
        archive.writestr("notes.txt", "nothing")
    with pytest.raises(fer2013.DatasetError, match="found none"):
        fer2013.load(tmp_path / "empty.zip", "training")
