"""FER+: what ten taggers saw in each picture of FER-2013, as a second label.

Source: Barsoum et al., "Training Deep Networks for Facial Expression Recognition with
Crowd-Sourced Label Distribution", 2016 (microsoft/FERPlus, MIT). The taggers had three answers
more than FER-2013: contempt, unknown, and NF for a picture without a face.
"""

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np

from edge_agent.emotions import EMOTIONS
from training.fer2013 import DatasetError, FaceSet

ANSWERS: Final = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
    "unknown",
    "NF",
)
"""Columns of the votes, in FER+'s order."""
_OURS: Final = {
    "angry": "anger",
    "disgusted": "disgust",
    "fearful": "fear",
    "happy": "happiness",
    "neutral": "neutral",
    "sad": "sadness",
    "surprised": "surprise",
}
_COLUMNS: Final = [ANSWERS.index(_OURS[emotion]) for emotion in EMOTIONS]
CONTEMPT: Final = len(EMOTIONS)
"""The label of contempt in `majority`, after our seven."""


def read_votes(source: Path, paths: Sequence[str]) -> np.ndarray:
    """The votes for these pictures.

    Args:
        source: ``ferplus_votes.csv``, votes by path in Kaggle's copy, or Microsoft's
            ``fer2013new.csv``, votes by row of the original ``fer2013.csv``.
        paths: of a `fer2013.FaceSet`.

    Returns:
        (N, 10) float32 numbers of votes, in the order of `ANSWERS`; zeros where there are none.

    Raises:
        DatasetError: for another file, or when less than half of the pictures are in it.
    """
    votes = _read(source)
    result = np.zeros((len(paths), len(ANSWERS)), np.float32)
    found = 0
    for index, path in enumerate(paths):
        row = votes.get(_name(path))
        if row is not None:
            found += 1
            result[index] = row
    if found < len(paths) / 2:
        raise DatasetError(
            f"{source}: expected votes for these pictures, got them for {found} of {len(paths)}; "
            "Microsoft's fer2013new.csv goes with the original fer2013.csv, and "
            "ferplus_votes.csv with Kaggle's copy"
        )
    return result


def distribution(votes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """What the taggers saw, as a distribution over our seven emotions.

    An answer that a single tagger gave is taken for a slip, as FER+ does. Votes for contempt,
    unknown and NF are left out, and the rest is scaled to 1. Where no more than half of the votes
    remain, FER-2013's own label stands alone.

    Args:
        votes: (N, 10), of `read_votes`.
        labels: (N,) FER-2013's, indices into `EMOTIONS`.

    Returns:
        (N, 7) float32, each row's sum 1.
    """
    kept = _without_slips(votes)
    ours = kept[:, _COLUMNS]
    total = ours.sum(axis=1, keepdims=True)
    result = np.eye(len(EMOTIONS), dtype=np.float32)[labels]
    usable = (total > kept.sum(axis=1, keepdims=True) / 2)[:, 0]
    result[usable] = ours[usable] / total[usable]
    return result


def majority(votes: np.ndarray) -> np.ndarray:
    """The answer of more than half of the taggers, as the paper's evaluation by majority has it.

    Args:
        votes: (N, 10), of `read_votes`.

    Returns:
        (N,) int64: an index into `EMOTIONS`, `CONTEMPT`, or -1 where no answer has the majority
        or the majority saw no face or could not tell. The paper leaves those pictures out.
    """
    kept = _without_slips(votes)
    best = kept.argmax(axis=1)
    result = np.full(len(votes), -1, np.int64)
    for label, column in enumerate([*_COLUMNS, ANSWERS.index("contempt")]):
        result[best == column] = label
    result[kept.max(axis=1) <= kept.sum(axis=1) / 2] = -1
    return result


def labelled_by_taggers(faces: FaceSet, votes: Path) -> FaceSet:
    """The faces in which most taggers saw one of the seven emotions, with that as their label.

    Raises:
        DatasetError: as `read_votes`.
    """
    labels = majority(read_votes(votes, faces.paths))
    known = (labels >= 0) & (labels != CONTEMPT)
    return replace(faces.chosen(np.flatnonzero(known)), labels=labels[known])


def _without_slips(votes: np.ndarray) -> np.ndarray:
    return np.where(votes > 1, votes, 0).astype(np.float32)


def _name(path: str) -> str:
    """What both a picture and its votes are called."""
    _, is_row, row = path.rpartition("_fer")
    return f"fer{PurePosixPath(row).stem}" if is_row else str(PurePosixPath(path).with_suffix(""))


def _read(source: Path) -> dict[str, list[float]]:
    try:
        with source.open(newline="") as table:
            rows = csv.DictReader(table)
            head = set(rows.fieldnames or ())
            by_row = "Usage" in head
            if not set(ANSWERS) <= head or not (by_row or "path" in head):
                raise DatasetError(
                    f"{source}: expected FER+ votes with the columns path or Usage, "
                    f"{', '.join(ANSWERS)}, got {', '.join(sorted(head))[:100]}"
                )
            # Microsoft leaves the name empty where nobody saw a face; the row tells it as well.
            return {
                f"fer{number:07d}" if by_row else _name(row["path"]): [
                    float(row[answer]) for answer in ANSWERS
                ]
                for number, row in enumerate(rows)
            }
    except (OSError, UnicodeDecodeError, csv.Error, ValueError, TypeError) as error:
        if isinstance(error, DatasetError):
            raise
        raise DatasetError(f"{source}: expected the votes of FER+, got: {error}") from error
