"""Whether faces are found alike: recall by who is seen, and by what hides a face."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from edge_agent.boxes import iou_matrix
from edge_agent.face_detector import Faces
from training.fer2013 import DatasetError
from training.statistics import wilson_interval
from training.wider_face import ATTRIBUTES, LabelledPicture

MIN_HEIGHT: Final = 12
"""Lower faces, in pixels, are not asked for."""
ENOUGH: Final = 100
"""A group of fewer faces is shown, and not compared."""
_IOU: Final = 0.5
_SIZE_EDGES: Final = (MIN_HEIGHT, 16, 24, 32, 48, 96, np.inf)
_PERCEIVED: Final = {
    "perceived skin tone (Fitzpatrick)": "perceived_skin",
    "perceived age": "perceived_age",
    "perceived gender": "perceived_gender",
}
_LEVELS: Final[Mapping[str, tuple[str, ...]]] = {
    "blur": ("clear", "some", "heavy"),
    "illumination": ("usual", "extreme"),
    "occlusion": ("none", "partial", "heavy"),
    "pose": ("typical", "atypical"),
}
"""Attribute of WIDER FACE → the names of its values 0, 1, 2."""
_UNKNOWN: Final = "Not Sure"
"""What is hard to see is hard to find: no group of people, and not compared."""
_RESAMPLES: Final = 1000

Demographics = Mapping[tuple[str, int], Mapping[str, str]]
"""Picture and index of the face in it → column → value."""


@dataclass(frozen=True)
class GroupRecall:
    """How many of a group are found.

    Attributes:
        faces: how many there are.
        recall: share that is found, 0..1, with its 95 % interval (Wilson).
        at_equal_size: the share if the group's faces were as large as those of all groups of its
            kind together; with its 95 % interval (bootstrap over pictures).
    """

    faces: int
    recall: float
    recall_interval_95: tuple[float, float]
    at_equal_size: float
    at_equal_size_interval_95: tuple[float, float]


def read_demographics(path: Path) -> Demographics:
    """Reads ``image,face_index,perceived_gender,perceived_age,perceived_skin``.

    Source: amazon-science/widerface-demographics (CC BY-NC 4.0); indices count a picture's boxes
    in the order of the official format, from 0.

    Raises:
        DatasetError: when it cannot be read.
    """
    try:
        with path.open(newline="") as file:
            return {(row["image"], int(row["face_index"])): row for row in csv.DictReader(file)}
    except (OSError, KeyError, ValueError, UnicodeDecodeError) as error:
        raise DatasetError(
            f"{path}: expected a CSV file with the columns image, face_index and "
            f"{', '.join(_PERCEIVED.values())}, got: {error!r}"
        ) from error


def found_faces(
    found: Sequence[Faces], pictures: Sequence[LabelledPicture], *, threshold: float
) -> list[np.ndarray]:
    """By picture, (N,) bool: which of its faces are found at IoU 0.5, the best box first."""
    result = []
    for faces, picture in zip(found, pictures, strict=True):
        hit = np.zeros(len(picture.boxes_xyxy), bool)
        sure = faces.boxes_xyxy[faces.scores >= threshold]
        for row in iou_matrix(sure, picture.boxes_xyxy):
            free = np.where(hit, 0, row)
            if len(free) and free.max() >= _IOU:
                hit[free.argmax()] = True
        result.append(hit)
    return result


def recall_by_group(
    hits: Sequence[np.ndarray],
    pictures: Sequence[LabelledPicture],
    demographics: Demographics | None = None,
) -> dict[str, dict[str, GroupRecall]]:
    """Recall of every group of faces of `MIN_HEIGHT` and more.

    Args:
        hits: as `found_faces` tells them.
        pictures: in the same order.
        demographics: where known, of some of the faces.

    Returns:
        Kind, such as ``pose`` → group, such as ``atypical`` → its recall.
    """
    columns = _columns(hits, pictures, demographics or {})
    kinds = [*_LEVELS, *(_PERCEIVED if demographics else ())]
    return {kind: _recalls(columns, columns[kind]) for kind in kinds}


def _columns(
    hits: Sequence[np.ndarray], pictures: Sequence[LabelledPicture], demographics: Demographics
) -> dict[str, np.ndarray]:
    """One entry a face that is asked for: its picture, size, hit, and a value for each kind."""
    rows: dict[str, list[Any]] = {
        name: [] for name in ("picture", "size", "hit", *_LEVELS, *_PERCEIVED)
    }
    for number, (picture, hit) in enumerate(zip(pictures, hits, strict=True)):
        heights = picture.boxes_xyxy[:, 3] - picture.boxes_xyxy[:, 1]
        for index in np.flatnonzero(~picture.ignored & (heights >= MIN_HEIGHT)).tolist():
            rows["picture"].append(number)
            rows["size"].append(int(np.searchsorted(_SIZE_EDGES, heights[index], "right")))
            rows["hit"].append(bool(hit[index]))
            for kind, names in _LEVELS.items():
                value = int(picture.attributes[index, ATTRIBUTES.index(kind)])
                rows[kind].append(names[min(value, len(names) - 1)])
            person = demographics.get((picture.name, index), {})
            for kind, column in _PERCEIVED.items():
                rows[kind].append(person.get(column, ""))
    return {name: np.array(values) for name, values in rows.items()}


def _recalls(columns: Mapping[str, np.ndarray], values: np.ndarray) -> dict[str, GroupRecall]:
    known = values != ""
    sizes, hits, pictures = (columns[name] for name in ("size", "hit", "picture"))
    shares = np.bincount(sizes[known], minlength=len(_SIZE_EDGES) + 1) / max(known.sum(), 1)
    result = {}
    for group in sorted(set(values[known].tolist())):
        chosen = values == group
        total, found = int(chosen.sum()), int(hits[chosen].sum())
        low, high = wilson_interval(found, total)
        result[group] = GroupRecall(
            faces=total,
            recall=found / total,
            recall_interval_95=(low, high),
            at_equal_size=_at_sizes(sizes[chosen], hits[chosen], shares),
            at_equal_size_interval_95=_bootstrap(
                pictures[chosen], sizes[chosen], hits[chosen], shares
            ),
        )
    return result


def _at_sizes(sizes: np.ndarray, hits: np.ndarray, shares: np.ndarray) -> float:
    """Recall if the sizes were spread by `shares`; sizes that the group lacks are left out."""
    faces = np.bincount(sizes, minlength=len(shares))
    found = np.bincount(sizes, weights=hits, minlength=len(shares))
    seen = faces > 0
    weights = shares[seen]
    if not weights.sum():
        return float("nan")
    return float((weights * found[seen] / faces[seen]).sum() / weights.sum())


def _bootstrap(
    pictures: np.ndarray, sizes: np.ndarray, hits: np.ndarray, shares: np.ndarray
) -> tuple[float, float]:
    """Faces of a picture are alike: whole pictures are drawn."""
    chance = np.random.default_rng(0)
    names, where = np.unique(pictures, return_inverse=True)
    by_picture = np.argsort(where, kind="stable")
    ends = np.cumsum(np.bincount(where))
    parts = np.split(by_picture, ends[:-1])
    figures = []
    for _ in range(_RESAMPLES):
        drawn = np.concatenate([parts[i] for i in chance.integers(0, len(names), len(names))])
        figures.append(_at_sizes(sizes[drawn], hits[drawn], shares))
    low, high = np.nanpercentile(figures, (2.5, 97.5))
    return float(low), float(high)


def gaps(recalls: Mapping[str, Mapping[str, GroupRecall]]) -> dict[str, tuple[str, float]]:
    """By kind: the group of enough faces that is found least, and how far below the best it is.

    Returns:
        Kind → (group, difference of recall at equal size, 0..1).
    """
    result = {}
    for kind, groups in recalls.items():
        compared = {
            name: one for name, one in groups.items() if one.faces >= ENOUGH and name != _UNKNOWN
        }
        if len(compared) > 1:
            worst = min(compared, key=lambda name: compared[name].at_equal_size)
            best = max(one.at_equal_size for one in compared.values())
            result[kind] = (worst, best - compared[worst].at_equal_size)
    return result


def summary(recalls: Mapping[str, Mapping[str, GroupRecall]]) -> dict[str, Any]:
    """The same for a model card: kind → group → figures, rounded."""
    return {
        kind: {
            group: {
                "faces": one.faces,
                "recall": round(one.recall, 4),
                "recall_interval_95": [round(bound, 4) for bound in one.recall_interval_95],
                "at_equal_size": round(one.at_equal_size, 4),
                "at_equal_size_interval_95": [
                    round(bound, 4) for bound in one.at_equal_size_interval_95
                ],
            }
            for group, one in groups.items()
        }
        for kind, groups in recalls.items()
    }
