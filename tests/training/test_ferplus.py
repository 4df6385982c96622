"""FER+'s votes as a second label, worked out by hand."""

from pathlib import Path

import numpy as np
import pytest

from edge_agent.emotions import EMOTIONS
from tests.training.datasets import fer2013_csv, fer2013_zip, ferplus_csv
from training import fer2013, ferplus
from training.fer2013 import DatasetError

HAPPY, SAD = EMOTIONS.index("happy"), EMOTIONS.index("sad")


def votes(**numbers: int) -> np.ndarray:
    return np.array([[numbers.get(answer, 0) for answer in ferplus.ANSWERS]], np.float32)


def test_votes_become_a_distribution_without_slips() -> None:
    row = ferplus.distribution(votes(happiness=6, neutral=3, sadness=1), np.array([SAD]))[0]
    assert row[HAPPY] == pytest.approx(6 / 9)
    assert row[SAD] == 0
    assert row.sum() == pytest.approx(1)


@pytest.mark.parametrize("row", [votes(), votes(contempt=5, happiness=5), votes(NF=10)])
def test_without_enough_usable_votes_the_own_label_stands(row: np.ndarray) -> None:
    assert ferplus.distribution(row, np.array([SAD]))[0].argmax() == SAD


@pytest.mark.parametrize(
    ("row", "answer"),
    [
        (votes(happiness=6, neutral=4), HAPPY),
        (votes(happiness=5, neutral=5), -1),
        (votes(contempt=6, neutral=4), ferplus.CONTEMPT),
        (votes(unknown=6, neutral=4), -1),
        (votes(NF=10), -1),
        (votes(), -1),
        # Three slips are left out: four of seven is a majority.
        (votes(happiness=4, neutral=3, anger=1, fear=1, disgust=1), HAPPY),
    ],
)
def test_the_majority(row: np.ndarray, answer: int) -> None:
    assert ferplus.majority(row).tolist() == [answer]


def test_votes_are_found_by_path(tmp_path: Path) -> None:
    faces = fer2013.load(fer2013_zip(tmp_path / "fer.zip", each=2), "public_test")
    found = ferplus.read_votes(ferplus_csv(tmp_path / "votes.csv", each=2), faces.paths)
    assert ferplus.majority(found).tolist() == faces.labels.tolist()


def test_microsofts_file_goes_with_the_original_table(tmp_path: Path) -> None:
    faces = fer2013.load(fer2013_csv(tmp_path / "fer2013.csv"), "public_test")
    lines = [",".join(("Usage", "Image name", *ferplus.ANSWERS))]
    for row in range(42):
        # The 15th row is PublicTest's first; nobody saw a face in the first of all.
        name = "" if row == 0 else f"fer{row:07d}.png"
        numbers = ["10" if row == 14 and answer == "fear" else "0" for answer in ferplus.ANSWERS]
        lines.append(",".join(("PublicTest", name, *numbers)))
    (tmp_path / "fer2013new.csv").write_text("\n".join(lines))
    found = ferplus.read_votes(tmp_path / "fer2013new.csv", faces.paths)
    assert ferplus.majority(found).tolist() == [EMOTIONS.index("fearful"), *[-1] * 13]


def test_votes_of_other_pictures_are_refused(tmp_path: Path) -> None:
    source = ferplus_csv(tmp_path / "votes.csv", each=1)
    with pytest.raises(DatasetError, match="got them for 0 of 1"):
        ferplus.read_votes(source, ["train/angry/Training_99.png"])
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DatasetError, match="expected FER\\+ votes with the columns"):
        ferplus.read_votes(tmp_path / "other.csv", ["train/angry/Training_0.png"])
