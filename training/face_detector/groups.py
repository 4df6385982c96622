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
PERCEIVED: Final = {
    "perceived skin tone (Fitzpatrick)": "perceived_skin",
    "the same, two tones together": "perceived_skin",
    "perceived age": "perceived_age",
    "perceived gender": "perceived_gender",
}
"""Kind → its column in the file of `read_demographics`."""
_TOGETHER: Final[Mapping[str, Mapping[str, str]]] = {
    # Of dark skin there are too few faces of each tone to be compared.
    "the same, two tones together": {
        **dict.fromkeys(("I", "II"), "I and II"),
        **dict.fromkeys(("III", "IV"), "III and IV"),
        **dict.fromkeys(("V", "VI"), "V and VI"),
    },
}
"""Kind → value in the file → the group that it belongs to, where that is not named like it."""
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


@dataclass(frozen=True)
class Gap:
    """How far two groups of a kind are apart.

    Attributes:
        least: the group of enough faces that is found least at equal size.
        most: the one that is found most.
        at_equal_size: the difference of their recall, 0..1.
    """

    least: str
    most: str
    at_equal_size: float


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
            f"{', '.join(PERCEIVED.values())}, got: {error!r}"
        ) from error


def found_faces(
    found: Sequence[Faces], pictures: Sequence[LabelledPicture], *, threshold: float
) -> list[np.ndarray]:
    """By picture, (N,) bool: which of its faces are found at IoU 0.5, the best box first."""
    return [scores >= threshold for scores in found_scores(found, pictures)]


def threshold_finding(
    number: int, found: Sequence[Faces], pictures: Sequence[LabelledPicture]
) -> float:
    """The score, 0..1, from which on a detector finds so many faces of `MIN_HEIGHT` and more.

    Args:
        number: of faces, at least 1; where it finds fewer at any score, that of all of them.
        found: what it found in each picture, down to a low score.
        pictures: in the same order.
    """
    scores = np.concatenate(
        [
            by_face[_asked_for(picture)]
            for by_face, picture in zip(found_scores(found, pictures), pictures, strict=True)
        ]
    )
    scores = np.sort(scores[scores >= 0])[::-1]
    return float(scores[min(number, len(scores)) - 1]) if len(scores) else 1.0


def found_scores(found: Sequence[Faces], pictures: Sequence[LabelledPicture]) -> list[np.ndarray]:
    """By picture, (N,): the score of the box that finds each face; -1 where none does."""
    result = []
    for faces, picture in zip(found, pictures, strict=True):
        by_face = np.full(len(picture.boxes_xyxy), -1.0)
        rows = iou_matrix(faces.boxes_xyxy, picture.boxes_xyxy)
        for row, score in zip(rows, faces.scores, strict=True):
            free = np.where(by_face >= 0, 0, row)
            if len(free) and free.max() >= _IOU:
                by_face[free.argmax()] = score
        result.append(by_face)
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
    faces = columns(hits, pictures, demographics)
    kinds = [*_LEVELS, *(PERCEIVED if demographics else ())]
    return {kind: _recalls(faces, faces[kind]) for kind in kinds}


def columns(
    hits: Sequence[np.ndarray],
    pictures: Sequence[LabelledPicture],
    demographics: Demographics | None = None,
) -> dict[str, np.ndarray]:
    """One entry a face that is asked for, in each column.

    Args:
        hits: as `found_faces` tells them.
        pictures: in the same order.
        demographics: where known, of some of the faces.

    Returns:
        ``picture``, its number; ``size``, the class of its height; ``hit``, whether it is found;
        and by kind the name of its group, empty where that is not known.
    """
    rows: dict[str, list[Any]] = {
        name: [] for name in ("picture", "size", "hit", *_LEVELS, *PERCEIVED)
    }
    for number, (picture, hit) in enumerate(zip(pictures, hits, strict=True)):
        heights = picture.boxes_xyxy[:, 3] - picture.boxes_xyxy[:, 1]
        for index in np.flatnonzero(_asked_for(picture)).tolist():
            rows["picture"].append(number)
            rows["size"].append(int(np.searchsorted(_SIZE_EDGES, heights[index], "right")))
            rows["hit"].append(bool(hit[index]))
            for kind, names in _LEVELS.items():
                level = int(picture.attributes[index, ATTRIBUTES.index(kind)])
                rows[kind].append(names[min(level, len(names) - 1)])
            person = (demographics or {}).get((picture.name, index), {})
            for kind, column in PERCEIVED.items():
                value = person.get(column, "")
                rows[kind].append(_TOGETHER.get(kind, {}).get(value, value))
    return {name: np.array(values) for name, values in rows.items()}


def _asked_for(picture: LabelledPicture) -> np.ndarray:
    """(N,) bool: which of a picture's faces are asked for."""
    heights = picture.boxes_xyxy[:, 3] - picture.boxes_xyxy[:, 1]
    return ~picture.ignored & (heights >= MIN_HEIGHT)


def _recalls(faces: Mapping[str, np.ndarray], values: np.ndarray) -> dict[str, GroupRecall]:
    known = values != ""
    sizes, hits, pictures = (faces[name] for name in ("size", "hit", "picture"))
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


def gaps(recalls: Mapping[str, Mapping[str, GroupRecall]]) -> dict[str, Gap]:
    """By kind: the groups of enough faces that are found least and most at equal size."""
    result = {}
    for kind, groups in recalls.items():
        compared = {
            name: one.at_equal_size
            for name, one in groups.items()
            if one.faces >= ENOUGH and name != _UNKNOWN
        }
        if len(compared) > 1:
            least = min(compared, key=compared.__getitem__)
            most = max(compared, key=compared.__getitem__)
            result[kind] = Gap(least, most, compared[most] - compared[least])
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
