"""WIDER FACE as pictures and boxes, in the official text format.

Source: Yang et al., "WIDER FACE: A Face Detection Benchmark", 2016 (non-commercial
research). A zip file or folder with ``<anything>/images/<event>/<name>.jpg`` and one
``wider_face_split/*_bbx_gt.txt``; boxes may carry a decimal.
"""

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from tqdm import tqdm

from training.fer2013 import DatasetError

CLASSROOM_PICTURES: Final = frozenset(
    f"12--Group/12_Group_{name}.jpg"
    for name in (
        "Group_12_Group_Group_12_84",
        "Group_12_Group_Group_12_10",
        "Group_12_Group_Group_12_179",
        "Group_12_Group_Group_12_182",
        "Group_12_Group_Group_12_62",
        "Team_Organized_Group_12_Group_Team_Organized_Group_12_653",
    )
)
"""The trial video ``classroom.mp4`` is made of these; they must never be trained on."""


ATTRIBUTES: Final = ("blur", "expression", "illumination", "invalid", "occlusion", "pose")
"""What the official format says of each face: 0 for usual, larger for harder."""


@dataclass(frozen=True)
class LabelledPicture:
    """A picture and its faces.

    Attributes:
        name: ``<event>/<file>.jpg``.
        image_bgr: (H, W, 3) uint8.
        boxes_xyxy: (N, 4) float32 in pixels.
        ignored: (N,) bool; faces marked invalid or without an area.
        attributes: (N, 6) int, in the order of `ATTRIBUTES`.
    """

    name: str
    image_bgr: np.ndarray
    boxes_xyxy: np.ndarray
    ignored: np.ndarray
    attributes: np.ndarray


def load(
    source: Path | str, split: str, *, seed: int = 0, validation: int = 420
) -> list[LabelledPicture]:
    """Reads the training or the validation pictures.

    The split is by picture: a permutation with the seed takes `validation` pictures, of
    which those of the trial video are always some.

    Args:
        source: the zip file or its folder.
        split: ``training`` or ``validation``.
        seed: of the permutation.
        validation: how many pictures are set aside, at most a fifth of all.

    Raises:
        DatasetError: when the source is missing or not in the official format.
    """
    source = Path(source)
    if source.is_dir():
        names = [path.relative_to(source).as_posix() for path in source.rglob("*")]
        return _load(
            source, names, lambda name: (source / name).read_bytes(), split, seed, validation
        )
    try:
        with zipfile.ZipFile(source) as archive:
            return _load(source, archive.namelist(), archive.read, split, seed, validation)
    except (OSError, zipfile.BadZipFile) as error:
        raise DatasetError(
            f"{source}: expected WIDER FACE as a zip file or a folder, got {error}"
        ) from error


def parse_annotations(text: str) -> dict[str, np.ndarray]:
    """Name → (N, 10) float32 rows ``x y w h blur expression illumination invalid occlusion pose``.

    Raises:
        DatasetError: naming the line that is not in the official format.
    """
    lines = io.StringIO(text).read().splitlines()
    result = {}
    index = 0
    try:
        while index < len(lines):
            name, count = lines[index], int(lines[index + 1])
            # A picture without a face is followed by one line of zeros.
            rows = lines[index + 2 : index + 2 + max(count, 1)]
            values = [[float(value) for value in row.split()] for row in rows]
            result[name] = np.array(values, np.float32).reshape(-1, 10)[:count]
            index += 2 + max(count, 1)
    except (ValueError, IndexError) as error:
        raise DatasetError(
            f"line {index + 1}: expected WIDER FACE's text format (name, number of faces, "
            f"then ten numbers a face), got {error}"
        ) from error
    return result


def _load(
    source: Path,
    names: list[str],
    read: Callable[[str], bytes],
    split: str,
    seed: int,
    validation: int,
) -> list[LabelledPicture]:
    texts = [name for name in names if name.endswith("_bbx_gt.txt")]
    if len(texts) != 1:
        raise DatasetError(
            f"{source}: expected WIDER FACE with one wider_face_split/*_bbx_gt.txt, found "
            f"{len(texts)}"
        )
    annotations = parse_annotations(read(texts[0]).decode())
    files = {"/".join(name.split("/")[-2:]): name for name in names if name.endswith(".jpg")}
    result = []
    chosen = split_names(sorted(annotations), split, seed=seed, validation=validation)
    for name in tqdm(chosen, desc=f"WIDER FACE {split}", unit="picture"):
        if name not in files:
            raise DatasetError(f"{name}: named by {texts[0]}, but there is no such picture")
        image = cv2.imdecode(np.frombuffer(read(files[name]), np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            raise DatasetError(f"{name}: expected a JPEG picture")
        rows = annotations[name]
        boxes = np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:4]], axis=1)
        ignored = (rows[:, 7] > 0) | (rows[:, 2] <= 0) | (rows[:, 3] <= 0)
        attributes = rows[:, 4:].astype(int)
        result.append(LabelledPicture(name, image, boxes, ignored, attributes))
    return result


def split_names(names: list[str], split: str, *, seed: int, validation: int) -> list[str]:
    """The names of one split, sorted; pure, so that a test can hold it still."""
    held = [name for name in names if name in CLASSROOM_PICTURES]
    others = [name for name in names if name not in CLASSROOM_PICTURES]
    order = np.random.default_rng(seed).permutation(len(others))
    # A small trial set must not end up with nothing to train on.
    wanted = min(validation, len(names) // 5) - len(held)
    held += [others[index] for index in order[: max(0, wanted)]]
    if split == "validation":
        return sorted(held)
    if split == "training":
        return sorted(set(names) - set(held))
    raise ValueError(f"split: expected training or validation, got {split!r}")
