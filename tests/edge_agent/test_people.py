"""Whose face is judged, and what becomes of those whose is not."""

import numpy as np
import pytest

from edge_agent.config import validate
from edge_agent.drawn_faces import BOXES_XYXY, drawn_faces
from edge_agent.emotion_classifier import EmotionClassifier
from edge_agent.face_detector import Faces
from edge_agent.health import StageTimer
from edge_agent.people import People
from edge_agent.source import Frame

SCORES = np.full(len(BOXES_XYXY), 0.9, np.float32)
FRONTAL, AWAY = 0.9, 0.1


@pytest.fixture
def people() -> People:
    # No answer is uncertain for want of certainty: only those who were never judged are.
    settings = validate(
        {"privacy": {"min_faces": 1}, "classifier": {"confidence_threshold": 0.0}}, name="test"
    )
    return People(settings, EmotionClassifier(), score_threshold=0.5, timer=StageTimer())


def look(people: People, frontality: list[float] | None, *, seconds: float = 0.0) -> None:
    told = None if frontality is None else np.array(frontality, np.float32)
    people.update(Frame(seconds, drawn_faces()), Faces(BOXES_XYXY, SCORES, told))


def uncertain(people: People) -> int | None:
    return people.compute().uncertain


def test_whoever_looks_away_counts_as_uncertain(people: People) -> None:
    look(people, [FRONTAL, AWAY, AWAY])
    counted = people.compute()
    assert counted.uncertain == 2
    assert counted.counts is not None and sum(counted.counts.values()) == 1


def test_one_look_at_the_camera_is_enough(people: People) -> None:
    look(people, [FRONTAL, AWAY, AWAY])
    look(people, [AWAY, FRONTAL, AWAY], seconds=0.1)
    assert uncertain(people) == 1


def test_a_detector_that_does_not_tell_holds_nobody_back(people: People) -> None:
    look(people, None)
    assert uncertain(people) == 0
