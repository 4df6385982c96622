"""FER-2013 as arrays, read from Kaggle's zip file or from its unpacked folder.

Source: Goodfellow et al., "Challenges in Representation Learning", 2013; Kaggle
msambare/fer2013 (research use). 28,709 training, 3,589 PublicTest and 3,589 PrivateTest
pictures, 48 x 48, grey.
"""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from tqdm import tqdm

from edge_agent.emotions import EMOTIONS

SPLITS: Final = {
    "training": ("train", "Training_"),
    "public_test": ("test", "PublicTest_"),
    "private_test": ("test", "PrivateTest_"),
}
"""Name of a split → its folder and the beginning of its file names."""


class DatasetError(ValueError):
    """A data set that is missing or is not what it should be."""


@dataclass(frozen=True)
class FaceSet:
    """Labelled faces, sorted by path so that an index means the same picture everywhere.

    Attributes:
        faces_gray: (N, 48, 48) uint8.
        labels: (N,) int64, indices into `edge_agent.emotions.EMOTIONS`.
        paths: N paths inside the data set, ``train/angry/Training_1.png``.
    """

    faces_gray: np.ndarray
    labels: np.ndarray
    paths: tuple[str, ...]


def load(source: Path | str, split: str) -> FaceSet:
    """Reads one split.

    Args:
        source: Kaggle's zip file, or the folder that holds ``train/`` and ``test/``.
        split: a key of `SPLITS`.

    Raises:
        DatasetError: when the source is missing, empty, or holds a picture of another size.
    """
    folder, prefix = SPLITS[split]
    found = sorted(
        (path, content)
        for path, content in _files(Path(source))
        if path.split("/")[0] == folder and Path(path).name.startswith(prefix)
    )
    if not found:
        raise DatasetError(
            f"{source}: expected pictures {folder}/<emotion>/{prefix}*.png or .jpg, found none; "
            "give Kaggle's fer2013.zip or the folder unpacked from it"
        )
    paths = tuple(path for path, _ in found)
    faces = np.empty((len(found), 48, 48), np.uint8)
    for index, (path, content) in enumerate(tqdm(found, desc=f"FER-2013 {split}", unit="face")):
        face = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
        if face is None or face.shape != (48, 48):
            raise DatasetError(
                f"{path}: expected a picture of 48 x 48, got {None if face is None else face.shape}"
            )
        faces[index] = face
    labels = np.array([_label(path) for path in paths], np.int64)
    return FaceSet(faces, labels, paths)


def _label(path: str) -> int:
    emotion = path.split("/")[1].lower()
    # Kaggle's folders say "disgust" and "fear" or "disgusted" and "fearful"; take both.
    emotion = {"disgust": "disgusted", "fear": "fearful", "surprise": "surprised"}.get(
        emotion, emotion
    )
    if emotion not in EMOTIONS:
        raise DatasetError(f"{path}: expected a folder named after one of {EMOTIONS}")
    return EMOTIONS.index(emotion)


def _files(source: Path) -> Iterator[tuple[str, bytes]]:
    if source.is_dir():
        for path in source.rglob("*"):
            if path.suffix.lower() in {".png", ".jpg", ".jpeg"}:
                yield path.relative_to(source).as_posix(), path.read_bytes()
        return
    try:
        with zipfile.ZipFile(source) as archive:
            for name in archive.namelist():
                if name.lower().endswith((".png", ".jpg", ".jpeg")):
                    yield name, archive.read(name)
    except (OSError, zipfile.BadZipFile) as error:
        raise DatasetError(
            f"{source}: expected FER-2013 as a zip file or a folder, got {error}"
        ) from error
