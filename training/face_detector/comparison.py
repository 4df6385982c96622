"""Several detectors on the same pictures in the same run: what each finds, and in what time."""

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from tqdm import tqdm

from edge_agent.face_detector import Faces
from training.face_detector.evaluate import HEIGHTS, Detector, Matches, match
from training.wider_face import LabelledPicture

CROWDS: Final = ((1, 1), (2, 5), (6, 20), (21, 10_000))
"""Numbers of faces of 12 px and more in a picture, from and to."""
_CROWD_HEIGHT: Final = 12


@dataclass(frozen=True)
class Measured:
    """What one detector did.

    Attributes:
        found: by picture, down to a score well below any threshold.
        milliseconds: a picture, the median.
        by_height: least height in pixels → its detections against the true faces.
        by_crowd: numbers of faces in a picture → the same for faces of 12 px and more.
    """

    found: list[Faces]
    milliseconds: float
    by_height: dict[int, Matches]
    by_crowd: dict[tuple[int, int], Matches]


def compare(
    detectors: Mapping[str, Detector], pictures: Sequence[LabelledPicture]
) -> dict[str, Measured]:
    """Runs every detector over every picture, in turn, so that a busy moment hits all alike.

    Args:
        detectors: name → detector, each down to a low score and with one thread.
        pictures: that none of them was trained on.
    """
    found: dict[str, list[Faces]] = {name: [] for name in detectors}
    seconds: dict[str, list[float]] = {name: [] for name in detectors}
    for number, picture in enumerate(tqdm(pictures, desc="comparing", unit="picture")):
        names = list(detectors)
        # Whoever comes first finds a cold cache.
        for name in names[number % len(names) :] + names[: number % len(names)]:
            # The first look at a picture of another shape also prepares the network for it.
            detectors[name].detect(picture.image_bgr)
            start = time.perf_counter()
            faces = detectors[name].detect(picture.image_bgr)
            seconds[name].append(time.perf_counter() - start)
            found[name].append(faces)
    return {
        name: Measured(
            found=found[name],
            milliseconds=1000 * statistics.median(seconds[name]),
            by_height={height: _match(found[name], pictures, height) for height in HEIGHTS},
            by_crowd={crowd: _of_crowd(found[name], pictures, crowd) for crowd in CROWDS},
        )
        for name in detectors
    }


def _match(
    found: Sequence[Faces], pictures: Sequence[LabelledPicture], min_height: float
) -> Matches:
    boxes, ignored = [p.boxes_xyxy for p in pictures], [p.ignored for p in pictures]
    return match(found, boxes, ignored, min_height=min_height)


def _of_crowd(
    found: Sequence[Faces], pictures: Sequence[LabelledPicture], crowd: tuple[int, int]
) -> Matches:
    chosen = [
        (faces, picture)
        for faces, picture in zip(found, pictures, strict=True)
        if crowd[0] <= _asked(picture) <= crowd[1]
    ]
    return _match([f for f, _ in chosen], [p for _, p in chosen], _CROWD_HEIGHT)


def _asked(picture: LabelledPicture) -> int:
    heights = picture.boxes_xyxy[:, 3] - picture.boxes_xyxy[:, 1]
    return int(np.sum(~picture.ignored & (heights >= _CROWD_HEIGHT)))
