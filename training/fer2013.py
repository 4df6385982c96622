"""FER-2013 as arrays: Kaggle's zip file or folder, the original fer2013.csv, or a packed file.

Source: Goodfellow et al., "Challenges in Representation Learning", 2013; Kaggle
msambare/fer2013 (research use). 28,709 training, 3,589 PublicTest and 3,589 PrivateTest
pictures, 48 x 48, grey.
"""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
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

    def chosen(self, indices: np.ndarray) -> "FaceSet":
        """The faces at these indices, in their order."""
        return replace(
            self,
            faces_gray=self.faces_gray[indices],
            labels=self.labels[indices],
            paths=tuple(self.paths[index] for index in indices),
        )

    def some(self, number: int | None, *, seed: int = 0) -> "FaceSet":
        """So many at random, or all of them for None."""
        if not number:
            return self
        return self.chosen(np.random.default_rng(seed).permutation(len(self.labels))[:number])


def load(source: Path | str, split: str) -> FaceSet:
    """Reads one split.

    Args:
        source: Kaggle's zip file, the folder that holds ``train/`` and ``test/``, the original
            ``fer2013.csv``, or what ``python -m training pack`` wrote.
        split: a key of `SPLITS`.

    Raises:
        DatasetError: when the source is missing, empty, or holds a picture of another size.
    """
    from training import fer2013_csv, fer2013_pack

    source = Path(source)
    if source.suffix.lower() == ".csv":
        return fer2013_csv.load(source, split)
    if fer2013_pack.is_packed(source):
        return fer2013_pack.load(source, split)
    folder, prefix = SPLITS[split]
    found = sorted(
        (path, content)
        for path, content in _files(source)
        if path.split("/")[0] == folder and Path(path).name.startswith(prefix)
    )
    if not found:
        raise DatasetError(
            f"{source}: expected pictures {folder}/<emotion>/{prefix}*.png or .jpg, found none; "
            "give Kaggle's fer2013.zip, the folder unpacked from it, or the original fer2013.csv"
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
    return FaceSet(faces, np.array([label_of(path) for path in paths], np.int64), paths)


def label_of(path: str) -> int:
    """The label that a picture's folder tells.

    Raises:
        DatasetError: for a folder of another name.
    """
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
            f"{source}: expected FER-2013 as a zip file, a folder or fer2013.csv, got {error}"
        ) from error
