"""The same person keeps the same id, for as long as anybody looks."""

import numpy as np

from edge_agent.face_detector import Faces
from edge_agent.face_tracker import FaceTracker


def faces(*lefts: float) -> Faces:
    """Faces of 10 x 10 pixels at these x."""
    boxes = np.array([[x, 0, x + 10, 10] for x in lefts], np.float32).reshape(-1, 4)
    return Faces(boxes, np.ones(len(lefts), np.float32))


def test_a_moving_person_stays_the_same() -> None:
    tracker = FaceTracker()
    seen = {tuple(tracker.update(faces(4.0 * step), 0.2 * step)) for step in range(20)}
    assert len(seen) == 1


def test_people_keep_their_ids_when_their_order_changes() -> None:
    tracker = FaceTracker()
    a, b, c = tracker.update(faces(0, 50, 100), 0.0)
    assert len({a, b, c}) == 3
    assert tracker.update(faces(101, 1, 51), 0.2) == [c, a, b]


def test_of_two_that_could_be_the_same_the_nearer_is() -> None:
    tracker = FaceTracker()
    (before,) = tracker.update(faces(0), 0.0)
    other, same = tracker.update(faces(5, 1), 0.2)
    assert same == before
    assert other != before


def test_who_is_briefly_unseen_is_known_and_who_is_long_unseen_is_new() -> None:
    tracker = FaceTracker(forget_seconds=1.5)
    (before,) = tracker.update(faces(0), 0.0)
    assert tracker.update(faces(), 0.5) == []
    assert tracker.update(faces(0), 1.5) == [before]
    assert tracker.update(faces(0), 3.5) != [before]


def test_after_a_reset_everybody_is_new() -> None:
    tracker = FaceTracker()
    before = tracker.update(faces(0, 50), 0.0)
    tracker.reset()
    assert not set(before) & set(tracker.update(faces(0, 50), 0.1))
