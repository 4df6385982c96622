"""Which training pictures fix the ranges of a quantized network's activations.

They are pinned by name in a committed list, so that a conversion can be repeated anywhere.
The list that comes with the project was drawn from FER-2013's training split as it is, not
balanced by emotion: the ranges should be those of the faces that will come.
"""

import csv
import io
from pathlib import Path
from typing import Final

import numpy as np

from edge_agent.emotions import EMOTIONS
from training.fer2013 import FaceSet

PINNED: Final = Path(__file__).with_name("calibration_faces.csv")
"""500 faces: the first of a permutation with seed 0."""
_HEAD: Final = ("emotion", "picture")


class CalibrationError(ValueError):
    """A list of calibration pictures that cannot be used."""


def chosen(training: FaceSet, *, number: int, seed: int) -> str:
    """A list of pictures drawn at random, as CSV.

    Raises:
        CalibrationError: when there are not so many.
    """
    if not 0 < number <= len(training.paths):
        raise CalibrationError(
            f"expected a number of pictures from 1 to {len(training.paths)}, got {number}"
        )
    names = _names(training)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEAD)
    for index in np.random.default_rng(seed).permutation(len(names))[:number]:
        writer.writerow(names[index])
    return text.getvalue()


def faces(training: FaceSet, listed: Path) -> np.ndarray:
    """The listed pictures in the list's order, (N, 48, 48, 1) uint8.

    Raises:
        CalibrationError: for a list that cannot be read, is empty, or names other pictures.
    """
    indices = {name: index for index, name in enumerate(_names(training))}
    names = _read(listed)
    missing = [name for name in names if name not in indices]
    if missing:
        raise CalibrationError(
            f"{listed}: expected pictures of the training split, got {len(missing)} others, the "
            f"first {'/'.join(missing[0])}; make a list for this data with: "
            "python -m converter calibration"
        )
    return training.faces_gray[[indices[name] for name in names], :, :, None]


def _read(listed: Path) -> list[tuple[str, str]]:
    try:
        rows = [tuple(row) for row in csv.reader(listed.read_text().splitlines())]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise CalibrationError(f"{listed}: expected a list of pictures, got: {reason}") from error
    if not rows or rows[0] != _HEAD or any(len(row) != 2 for row in rows):
        raise CalibrationError(
            f"{listed}: expected CSV with the columns {','.join(_HEAD)}, got "
            f"{','.join(rows[0]) if rows else 'an empty file'}"
        )
    if len(rows) == 1:
        raise CalibrationError(f"{listed}: expected at least one picture, got none")
    return [(row[0], row[1]) for row in rows[1:]]


def _names(training: FaceSet) -> list[tuple[str, str]]:
    """Emotion and file name without its ending, which differs between copies of FER-2013."""
    return [
        (EMOTIONS[label], Path(path).stem)
        for label, path in zip(training.labels, training.paths, strict=True)
    ]
