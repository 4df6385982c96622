"""FER-2013 in one small file, to carry it to a GPU host: strips of faces as lossless WebP."""

import csv
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from tqdm import tqdm

from training.fer2013 import DatasetError, FaceSet, label_of
from training.fer2013 import load as load_split

_LIST: Final = "packed.csv"
_STRIP: Final = 64
"""Faces a strip: they share a table of codes, and their names take no room of their own."""
_LOSSLESS: Final = (cv2.IMWRITE_WEBP_QUALITY, 101)


def pack(source: Path, splits: Sequence[str], out: Path) -> int:
    """Writes the named splits into one file, in half a minute; nothing is lost.

    Args:
        source: FER-2013, as `fer2013.load` takes it.
        splits: keys of `fer2013.SPLITS`; what is left out cannot be looked at on the other host.
        out: the file to write.

    Returns:
        Its size in bytes.

    Raises:
        DatasetError: for data that cannot be read.
    """
    partial = out.with_name(f".{out.name}.partial")
    partial.parent.mkdir(parents=True, exist_ok=True)
    names = io.StringIO()
    writer = csv.writer(names, lineterminator="\n")
    writer.writerow(("split", "path"))
    with zipfile.ZipFile(partial, "w") as archive:
        for split in splits:
            faces = load_split(source, split)
            writer.writerows((split, path) for path in faces.paths)
            starts = range(0, len(faces.paths), _STRIP)
            for start in tqdm(starts, desc=f"packing {split}", unit="strip"):
                strip = faces.faces_gray[start : start + _STRIP].reshape(-1, 48)
                encoded = cv2.imencode(".webp", strip, _LOSSLESS)[1]
                archive.writestr(_strip(split, start), encoded.tobytes())
        archive.writestr(_LIST, names.getvalue(), zipfile.ZIP_DEFLATED, 9)
    partial.replace(out)
    return out.stat().st_size


def is_packed(source: Path) -> bool:
    """Whether a file is one of `pack`."""
    try:
        with zipfile.ZipFile(source) as archive:
            return _LIST in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False


def load(source: Path, split: str) -> FaceSet:
    """Reads one split of a packed file.

    Raises:
        DatasetError: when the split was not packed, or the file is damaged.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            rows = csv.reader(archive.read(_LIST).decode().splitlines()[1:])
            paths = tuple(path for packed, path in rows if packed == split)
            if not paths:
                raise DatasetError(
                    f"{source}: expected the split {split}, which was not packed; pack it with "
                    f"--splits, or give the whole FER-2013"
                )
            faces = np.empty((len(paths), 48, 48), np.uint8)
            starts = range(0, len(paths), _STRIP)
            for start in tqdm(starts, desc=f"FER-2013 {split}", unit="strip"):
                encoded = np.frombuffer(archive.read(_strip(split, start)), np.uint8)
                strip = cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE)
                if strip is None:
                    raise DatasetError(f"{source}: expected WebP in {_strip(split, start)}")
                faces[start : start + _STRIP] = strip.reshape(-1, 48, 48)
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        if isinstance(error, DatasetError):
            raise
        raise DatasetError(f"{source}: expected a packed FER-2013, got: {error}") from error
    return FaceSet(faces, np.array([label_of(path) for path in paths], np.int64), paths)


def _strip(split: str, start: int) -> str:
    return f"{split}/{start:05d}.webp"
