"""How far a counted share can be trusted, from what a card tells."""

import json
from typing import Any

import numpy as np
import pytest

from dashboard import confusion
from dashboard.confusion import Confusion, Range
from edge_agent.emotion_classifier import EmotionClassifier
from edge_agent.emotions import EMOTIONS
from edge_agent.model_card import RELEASED, ModelCard
from tests.dashboard.device_messages import status

PERFECT = Confusion(1000 * np.eye(7), "confusion", "0" * 64)


def card(**changes: Any) -> ModelCard:
    content = json.loads((RELEASED / "emotion_classifier.json").read_text())
    return ModelCard.model_validate({**content, **changes})


def test_the_released_card_tells_its_errors() -> None:
    known = confusion.released()
    assert known is not None and known.basis == "confusion"
    assert known.faces.shape == (7, 7) and known.faces.sum() == 2611


def test_a_devices_own_network_tells_its_errors() -> None:
    usual, half = confusion.released(), EmotionClassifier("emotion_classifier_half")
    said = status()
    assert confusion.released(said) is usual
    hashes = said.model_sha256.model_copy(update={"emotion_classifier": half.sha256})
    known = confusion.released(said.model_copy(update={"model_sha256": hashes}))
    assert known is not None and usual is not None
    assert known.sha256 == half.sha256 and known.faces.trace() < usual.faces.trace()


def test_a_matrix_of_shares_is_weighed_by_the_faces_of_the_test() -> None:
    shares = np.full((7, 7), 0.05) + 0.65 * np.eye(7)
    known = confusion.from_card(card(confusion=shares.tolist()))
    assert known is not None and known.basis == "confusion"
    assert known.faces.sum(axis=1).round().tolist() == [467, 56, 496, 895, 607, 653, 415]
    assert np.allclose(known.faces / known.faces.sum(axis=1, keepdims=True), shares)


def test_hits_alone_spread_the_misses() -> None:
    measured = {"fer2013_public_test": {"recall": dict.fromkeys(EMOTIONS, 0.7)}}
    known = confusion.from_card(card(measured=measured))
    assert known is not None and known.basis == "recall"
    assert known.faces[0, 0] == pytest.approx(0.7 * 467)
    assert known.faces[0, 1] == pytest.approx(0.05 * 467)


@pytest.mark.parametrize("matrix", [[[1.0]], (-np.eye(7)).tolist(), np.zeros((7, 7)).tolist()])
def test_what_tells_nothing_gives_no_range(matrix: list[list[float]]) -> None:
    assert confusion.from_card(card(measured={}, confusion=matrix)) is None
    assert confusion.from_card(card(measured={})) is None


def test_without_errors_only_the_number_of_looks_counts() -> None:
    people = {"happy": 50, "neutral": 50}
    few, many = (confusion.ranges(people, looks, PERFECT) for looks in (20, 2000))
    assert few is not None and many is not None
    assert few["happy"].counted == many["happy"].counted == 0.5
    assert few["happy"].low < many["happy"].low < 0.5 < many["happy"].high < few["happy"].high
    assert many["happy"].high - many["happy"].low < 0.06
    assert many["sad"].high < 0.02


def test_errors_that_are_known_widen_the_range_towards_the_truth() -> None:
    """Half of the neutral are taken for sad: a share counted as sad may be none."""
    errors = 1000 * np.eye(7)
    neutral, sad = EMOTIONS.index("neutral"), EMOTIONS.index("sad")
    errors[neutral, neutral] = errors[neutral, sad] = 500
    known = Confusion(errors, "confusion", "0" * 64)
    found = confusion.ranges({"neutral": 50, "sad": 50}, 1000, known)
    assert found is not None
    assert found["sad"].low < 0.1 and found["sad"].high == pytest.approx(0.5, abs=0.1)
    assert found["neutral"].high > 0.9


def test_what_was_counted_lies_always_within() -> None:
    known = confusion.released()
    assert known is not None
    found = confusion.ranges({"happy": 3, "sad": 1, "angry": 7}, 11, known)
    assert found is not None and set(found) == set(EMOTIONS)
    for share in found.values():
        assert 0 <= share.low <= share.counted <= share.high <= 1


def test_nobody_has_no_shares_and_the_same_question_the_same_answer() -> None:
    assert confusion.ranges({"happy": 0}, 10, PERFECT) is None
    one, other = (confusion.ranges({"happy": 3, "sad": 4}, 10, PERFECT) for _ in range(2))
    assert one == other and isinstance((one or {})["happy"], Range)
