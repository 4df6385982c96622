"""What remains between two groups of people when what hides a face is alike, too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from edge_agent.face_detector import Faces
from training.face_detector.groups import (
    PERCEIVED,
    Demographics,
    Gap,
    columns,
    found_faces,
    gaps,
    recall_by_group,
    threshold_finding,
)
from training.wider_face import LabelledPicture

ALIKE: Final = ("size", "blur", "occlusion", "pose")
"""Columns of `groups.columns` in which compared faces are alike."""
_RESAMPLES: Final = 1000


@dataclass(frozen=True)
class RemainingGap:
    """How far two groups are apart, as the difference of their recall, -1..1.

    Attributes:
        at_equal_size: if each group's faces were as large as those of all groups of its kind.
        equally_hidden: among faces that are alike in `ALIKE`: the mean over the cells of which
            both groups have some, each with the weight of both groups' faces in it; NaN for none.
        interval_95: of it (bootstrap over pictures).
        faces: of both groups in these cells.
    """

    at_equal_size: float
    equally_hidden: float
    interval_95: tuple[float, float]
    faces: int


def remaining_gaps(
    found: Mapping[str, Sequence[Faces]],
    pictures: Sequence[LabelledPicture],
    demographics: Demographics,
    *,
    threshold: float,
) -> dict[str, dict[str, RemainingGap]]:
    """How far the groups between which the first detector's gaps are stay apart.

    Args:
        found: detector → what it found in each picture, down to a low score.
        pictures: in the same order.
        demographics: of some of their faces.
        threshold: of the first detector; each other is asked at the threshold at which it finds
            as many of all faces.

    Returns:
        Kind of people → detector → its gap between the same two groups.
    """
    first = found_faces(next(iter(found.values())), pictures, threshold=threshold)
    number = int(columns(first, pictures)["hit"].sum())
    largest = gaps(recall_by_group(first, pictures, demographics))
    result: dict[str, dict[str, RemainingGap]] = {kind: {} for kind in PERCEIVED if kind in largest}
    for index, (name, faces) in enumerate(found.items()):
        own = threshold if index == 0 else threshold_finding(number, faces, pictures)
        hits = found_faces(faces, pictures, threshold=own)
        by_face = columns(hits, pictures, demographics)
        recalls = recall_by_group(hits, pictures, demographics)
        for kind, by_detector in result.items():
            gap = largest[kind]
            apart = recalls[kind][gap.most].at_equal_size - recalls[kind][gap.least].at_equal_size
            by_detector[name] = RemainingGap(apart, *_equally_hidden(by_face, kind, gap))
    return result


def _equally_hidden(
    faces: Mapping[str, np.ndarray], kind: str, gap: Gap
) -> tuple[float, tuple[float, float], int]:
    chosen = np.isin(faces[kind], (gap.least, gap.most))
    _, pictures = np.unique(faces["picture"][chosen], return_inverse=True)
    features = np.stack([faces[name][chosen].astype(str) for name in ALIKE], axis=1)
    _, cells = np.unique(features, axis=0, return_inverse=True)
    is_most = (faces[kind][chosen] == gap.most).astype(int)
    # By picture, group and cell: all faces, and those that are found.
    counts = np.zeros((2, pictures.max() + 1, 2, cells.max() + 1))
    np.add.at(counts[0], (pictures, is_most, cells), 1)
    np.add.at(counts[1], (pictures, is_most, cells), faces["hit"][chosen])
    # Faces of a picture are alike: whole pictures are drawn.
    number = counts.shape[1]
    draws = np.random.default_rng(0).multinomial(number, np.full(number, 1 / number), _RESAMPLES)
    low, high = np.nanpercentile(
        [_difference(*np.tensordot(draw, counts, (0, 1))) for draw in draws], (2.5, 97.5)
    )
    total, hits = counts.sum(1)
    alike = total[:, (total > 0).all(0)]
    return _difference(total, hits), (float(low), float(high)), int(alike.sum())


def _difference(faces: np.ndarray, found: np.ndarray) -> float:
    """Of (2, C) counts by group and cell, the second group's recall less the first's."""
    shared = (faces > 0).all(0)
    if not shared.any():
        return float("nan")
    recall = found[:, shared] / faces[:, shared]
    return float(np.average(recall[1] - recall[0], weights=faces[:, shared].sum(0)))
