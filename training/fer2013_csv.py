"""FER-2013 in its original form, the table ``fer2013.csv`` with a picture a row."""

import csv
from pathlib import Path
from typing import Final

import numpy as np
from tqdm import tqdm

from edge_agent.emotions import EMOTIONS
from training.fer2013 import SPLITS, DatasetError, FaceSet

COLUMNS: Final = ("emotion", "pixels", "Usage")
ORDER: Final = ("angry", "disgusted", "fearful", "happy", "sad", "surprised", "neutral")
"""The labels in the table's own order."""
USAGES: Final = {
    "training": "Training",
    "public_test": "PublicTest",
    "private_test": "PrivateTest",
}
"""Name of a split → what the table calls it."""
_SIDE: Final = 48


def load(source: Path, split: str) -> FaceSet:
    """Reads one split.

    The table names no pictures; they get paths as Kaggle's copy has them, with the number of the
    row as FER+ writes it: ``train/angry/Training_fer0000000.png``.

    Raises:
        DatasetError: when the table is missing, or a row is no picture.
    """
    folder, prefix = SPLITS[split]
    faces: list[np.ndarray] = []
    labels: list[int] = []
    paths: list[str] = []
    try:
        with source.open(newline="") as table:
            rows = csv.DictReader(table)
            if not set(COLUMNS) <= set(rows.fieldnames or ()):
                raise DatasetError(
                    f"{source}: expected the columns {', '.join(COLUMNS)}, got "
                    f"{', '.join(rows.fieldnames or ())[:100]}"
                )
            for number, row in enumerate(tqdm(rows, desc=f"FER-2013 {split}", unit="face")):
                if row["Usage"] != USAGES[split]:
                    continue
                label, face = _read(row, f"{source}, row {number + 1}")
                faces.append(face)
                labels.append(label)
                paths.append(f"{folder}/{EMOTIONS[label]}/{prefix}fer{number:07d}.png")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{source}: expected the table fer2013.csv, got {error}") from error
    if not faces:
        raise DatasetError(f"{source}: expected rows with the Usage {USAGES[split]}, found none")
    order = sorted(range(len(paths)), key=paths.__getitem__)
    unsorted = FaceSet(np.stack(faces), np.array(labels, np.int64), tuple(paths))
    return unsorted.chosen(np.array(order))


def _read(row: dict[str, str], where: str) -> tuple[int, np.ndarray]:
    try:
        label = EMOTIONS.index(ORDER[int(row["emotion"])])
        values = [int(value) for value in row["pixels"].split()]
        face = np.array(values, np.uint8).reshape(_SIDE, _SIDE)
    except (ValueError, IndexError, OverflowError, TypeError, AttributeError) as error:
        raise DatasetError(
            f"{where}: expected an emotion from 0 to {len(ORDER) - 1} and {_SIDE * _SIDE} pixels "
            f"from 0 to 255, got: {error}"
        ) from error
    return label, face
