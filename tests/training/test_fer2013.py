"""FER-2013 is read alike from a zip file and a folder, and a wrong file is told."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from edge_agent.emotions import EMOTIONS
from tests.training.datasets import fer2013_csv, fer2013_zip
from training import fer2013, fer2013_pack


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


def test_the_original_table_has_the_same_labels(tmp_path: Path) -> None:
    faces = fer2013.load(fer2013_csv(tmp_path / "fer2013.csv"), "training")
    assert faces.faces_gray.shape == (14, 48, 48)
    assert faces.paths == tuple(sorted(faces.paths))
    # The table's numbers: 3 is happy, 4 sad, 5 surprised, 6 neutral, each with a grey of its own.
    grey = {EMOTIONS[label]: face[0, 0] // 30 for label, face in zip(*_arrays(faces), strict=True)}
    assert [grey[name] for name in ("happy", "sad", "surprised", "neutral")] == [3, 4, 5, 6]


def _arrays(faces: fer2013.FaceSet) -> tuple[np.ndarray, np.ndarray]:
    return faces.labels, faces.faces_gray


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("7,1 2 3,Training", "row 1: expected an emotion from 0 to 6"),
        ("0,1 2 3,Training", "2304 pixels"),
        ("0,1 2 3,Other", "expected rows with the Usage Training"),
    ],
)
def test_a_broken_table_is_told(tmp_path: Path, row: str, sentence: str) -> None:
    table = tmp_path / "fer2013.csv"
    table.write_text(f"emotion,pixels,Usage\n{row}\n")
    with pytest.raises(fer2013.DatasetError, match=sentence):
        fer2013.load(table, "training")


def test_a_packed_file_holds_the_very_pixels_and_only_what_was_packed(tmp_path: Path) -> None:
    source = fer2013_zip(tmp_path / "fer.zip", each=10)
    size = fer2013_pack.pack(source, ["training", "public_test"], tmp_path / "fer.pack")
    assert size == (tmp_path / "fer.pack").stat().st_size
    for split in ("training", "public_test"):
        before, after = fer2013.load(source, split), fer2013.load(tmp_path / "fer.pack", split)
        assert before.paths == after.paths
        assert np.array_equal(before.faces_gray, after.faces_gray)
        assert np.array_equal(before.labels, after.labels)
    with pytest.raises(fer2013.DatasetError, match="private_test, which was not packed"):
        fer2013.load(tmp_path / "fer.pack", "private_test")
