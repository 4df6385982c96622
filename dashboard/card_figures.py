"""How good the released networks are, by their cards: shares, each with its 95 % interval."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from math import sqrt
from typing import Any, Final

from edge_agent.emotions import EMOTIONS
from edge_agent.messages import ModelHashes, Status
from edge_agent.model_card import RELEASED, ModelCard

_INDEPENDENT: Final = (
    "fer2013_private_test_new_faces_by_taggers",
    "fer2013_private_test_new_faces",
)
"""Opened once for a released network, where others chose it; without the pictures of which it has
learned another copy. The first is of networks that answer as most of ten people would."""
USUAL: Final = "emotion_classifier"
_Z: Final = 1.959964


@dataclass(frozen=True)
class Measured:
    """A share that was measured.

    Attributes:
        name: what of: an emotion, or a face's size in pixels.
        share: 0..1.
        low, high: its 95 % interval (Wilson).
        of: number of faces it was measured on.
    """

    name: str
    share: float
    low: float
    high: float
    of: int


@dataclass(frozen=True)
class Figures:
    """What the cards say.

    Attributes:
        by_majority: whether a face's label is what most of about ten people saw in it.
        emotion: of all faces, the share that was classified as they were labelled.
        found: of the faces of each emotion, the share that was called so.
        meant: of the faces called an emotion, the share that was labelled so.
        by_size: the share of right ones where faces have so many pixels.
        confusion: true emotion → called emotion → share of the true ones.
        faces: of the faces of at least so many pixels, the share that was found.
        boxes: of the boxes there, the share that is a face.
        data: what both were measured on.
    """

    by_majority: bool
    emotion: Measured
    found: tuple[Measured, ...]
    meant: tuple[Measured, ...]
    by_size: tuple[Measured, ...]
    confusion: dict[str, dict[str, float]]
    faces: tuple[Measured, ...]
    boxes: dict[str, float]
    data: tuple[str, str]


@cache
def released(name: str = USUAL) -> Figures:
    """The figures of a classifier that comes with this program, and of the detector."""
    classifier, detector = _card(name), _card("face_detector")
    split = next(split for split in _INDEPENDENT if split in classifier.measured)
    measured = classifier.measured[split]
    pictures, table = int(measured["pictures"]), measured["confusion"]
    rows = [sum(row) for row in table]
    columns = [sum(column) for column in zip(*table, strict=True)]
    right = [table[number][number] for number in range(len(EMOTIONS))]
    by_height = _first(detector.measured, "by_min_height")
    return Figures(
        by_majority=split == _INDEPENDENT[0],
        emotion=_share("all", sum(right), pictures),
        found=tuple(map(_share, EMOTIONS, right, rows)),
        meant=tuple(map(_share, EMOTIONS, right, columns)),
        by_size=tuple(
            _share(size, share * pictures, pictures)
            for size, share in measured["accuracy_by_face_pixels"].items()
        ),
        confusion={
            true: {called: number / sum(row) for called, number in zip(EMOTIONS, row, strict=True)}
            for true, row in zip(EMOTIONS, table, strict=True)
        },
        faces=tuple(
            _share(height, part["recall"] * part["faces"], int(part["faces"]))
            for height, part in by_height.items()
        ),
        boxes={height: float(part["precision"]) for height, part in by_height.items()},
        data=(classifier.data, detector.data),
    )


def in_use(statuses: Iterable[Status | None]) -> tuple[str, ...]:
    """The released classifiers that devices use, by what these said; the usual one without any.

    One whose card tells nothing of faces that are new to it has no figures to show.
    """
    used = {status.model_sha256.emotion_classifier for status in statuses if status is not None}
    names = (name for name, sha256 in _classifiers().items() if sha256 in used)
    told = tuple(name for name in names if any(key in _card(name).measured for key in _INDEPENDENT))
    return told or (USUAL,)


def are_released(hashes: ModelHashes) -> bool:
    """Whether this program comes with both networks of a device, and so with their figures."""
    detector = _card("face_detector").sha256
    return hashes.face_detector == detector and hashes.emotion_classifier in _classifiers().values()


@cache
def _classifiers() -> dict[str, str]:
    cards = sorted(path.stem for path in RELEASED.glob(f"{USUAL}*.json"))
    return {name: _card(name).sha256 for name in cards}


def _card(name: str) -> ModelCard:
    return ModelCard.model_validate_json((RELEASED / f"{name}.json").read_bytes())


def _first(measured: dict[str, Any], key: str) -> dict[str, Any]:
    """The first part of a card that has a key."""
    for part in measured.values():
        if isinstance(part, dict) and key in part:
            found: dict[str, Any] = part[key]
            return found
    return {}


def _share(name: str, hits: float, of: int) -> Measured:
    """Wilson's interval, which stays within 0..1 and is honest for few faces."""
    if of == 0:
        return Measured(name, 0.0, 0.0, 1.0, 0)
    share = hits / of
    centre = (share + _Z**2 / (2 * of)) / (1 + _Z**2 / of)
    half = _Z / (1 + _Z**2 / of) * sqrt(share * (1 - share) / of + _Z**2 / (4 * of**2))
    return Measured(name, share, centre - half, centre + half, of)
