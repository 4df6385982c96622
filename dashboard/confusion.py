"""How a classifier mixes emotions up, as its card tells, and what that leaves of counted shares."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from edge_agent.emotions import EMOTIONS
from edge_agent.errors import ModelError
from edge_agent.messages import Status
from edge_agent.model_card import RELEASED, ModelCard, read_card

_TESTS: Final = ("fer2013_public_test_new_faces", "fer2013_public_test")
"""Where a card tells errors: the better first, without pictures of which it has learned a copy."""
_FACES: Final = (467, 56, 496, 895, 607, 653, 415)
"""Faces of FER-2013's PublicTest by emotion: what a matrix of shares was measured on."""
_DRAWS: Final = 300
_ROUNDS: Final = 300
_SEED: Final = 7

Basis = Literal["confusion", "recall"]


@dataclass(frozen=True)
class Confusion:
    """What is known of a classifier's errors.

    Attributes:
        faces: (7, 7) faces by what they show (row) and what was said (column).
        basis: ``recall`` where only each emotion's hits are known, and its misses are taken to
            fall on all others alike.
        sha256: of the network.
    """

    faces: np.ndarray
    basis: Basis
    sha256: str


@dataclass(frozen=True)
class Range:
    """A share as it was counted, and where it probably lies; all from 0 to 1."""

    counted: float
    low: float
    high: float


def from_card(card: ModelCard) -> Confusion | None:
    """What a card tells of the errors on PublicTest; None where it tells nothing."""
    told = [card.measured[test] for test in _TESTS if test in card.measured]
    measured: Mapping[str, Any] = told[0] if told else {}
    size = (len(EMOTIONS), len(EMOTIONS))
    matrix = card.confusion if card.confusion is not None else measured.get("confusion")
    if matrix is not None:
        faces = np.asarray(matrix, float)
        if faces.shape == size and (faces >= 0).all() and (faces.sum(axis=1) > 0).all():
            if np.allclose(faces.sum(axis=1), 1, atol=0.02):
                faces = faces * np.asarray(_FACES)[:, None]
            return Confusion(faces, "confusion", card.sha256)
    recall = measured.get("recall", {})
    if set(recall) != set(EMOTIONS):
        return None
    hits = np.array([recall[emotion] for emotion in EMOTIONS])
    shares = np.repeat(((1 - hits) / (len(EMOTIONS) - 1))[:, None], len(EMOTIONS), axis=1)
    np.fill_diagonal(shares, hits)
    return Confusion(shares * np.asarray(_FACES)[:, None], "recall", card.sha256)


def released(status: Status | None = None) -> Confusion | None:
    """What is known of the released classifier that a device uses.

    Args:
        status: what the device said; where it uses none of the released classifiers, or has not
            said, the answer is of the usual one.

    Returns:
        None where the card is missing or tells nothing.
    """
    if status is not None:
        for model in RELEASED.glob("emotion_classifier*.tflite"):
            known = _known(model)
            if known is not None and known.sha256 == status.model_sha256.emotion_classifier:
                return known
    return _known(RELEASED / "emotion_classifier.tflite")


@cache
def _known(model: Path) -> Confusion | None:
    try:
        card = read_card(model)
    except ModelError:
        return None
    return None if card is None else from_card(card)


def ranges(people: Mapping[str, int], looks: float, known: Confusion) -> dict[str, Range] | None:
    """Where each emotion's share of those with a clear emotion probably lies, 95 %.

    Each draw takes a matrix that the test's faces allow and counts that as many looks allow, and
    asks which true shares fit best (expectation and maximisation, which keeps shares from 0 to 1).

    Args:
        people: by emotion, added over windows.
        looks: how many of them may be taken as independent; a person seen twice within a minute
            is no second look.

    Returns:
        None where nobody had a clear emotion.
    """
    counts = np.array([people.get(emotion, 0) for emotion in EMOTIONS], float)
    if counts.sum() <= 0:
        return None
    said = counts / counts.sum()
    chance = np.random.default_rng(_SEED)
    rows = [chance.dirichlet(row + 0.5, _DRAWS) for row in known.faces]
    errors = np.stack(rows, axis=1)  # (draws, shown, said)
    seen = chance.multinomial(max(1, round(looks)), said, _DRAWS) / max(1, round(looks))
    shares = np.full((_DRAWS, len(EMOTIONS)), 1 / len(EMOTIONS))
    for _ in range(_ROUNDS):
        expected = np.einsum("di,dij->dj", shares, errors)
        ratio = np.divide(seen, expected, out=np.zeros_like(seen), where=expected > 0)
        shares *= np.einsum("dij,dj->di", errors, ratio)
    # The test's faces are not the classroom's: the errors may be none, so what was counted is
    # always within.
    low, high = np.percentile(shares, (2.5, 97.5), axis=0)
    low, high = np.minimum(low, said), np.maximum(high, said)
    return {
        emotion: Range(float(said[i]), float(low[i]), float(high[i]))
        for i, emotion in enumerate(EMOTIONS)
    }
