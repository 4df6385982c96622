"""Each person counts once, and small groups are not counted at all."""

import numpy as np

from edge_agent.emotion_counter import EmotionCounter, WindowCounts
from edge_agent.emotions import EMOTIONS

HAPPY, NEUTRAL, SAD = (EMOTIONS.index(name) for name in ("happy", "neutral", "sad"))


def sure(emotion: int, probability: float = 0.9) -> np.ndarray:
    row = np.full(7, (1 - probability) / 6)
    row[emotion] = probability
    return row


def counter(min_faces: int = 1) -> EmotionCounter:
    return EmotionCounter(confidence_threshold=0.4, min_faces=min_faces)


def see(window: EmotionCounter, people: dict[int, np.ndarray | None], *, frames: int = 1) -> None:
    """Adds frames with these people; None is a face too small to judge."""
    good = np.array([row is not None for row in people.values()], bool)
    rows = [row for row in people.values() if row is not None]
    for _ in range(frames):
        window.update(list(people), np.array(rows).reshape(-1, 7), good)


def numbers(**people: int) -> dict[str, int]:
    return dict.fromkeys(EMOTIONS, 0) | people


SUPPRESSED_AFTER = [WindowCounts(frames, None, None, True) for frames in range(30)]


def test_a_person_counts_once_however_often_seen() -> None:
    window = counter()
    see(window, {1: sure(HAPPY), 2: sure(SAD)}, frames=20)
    assert window.compute() == WindowCounts(20, numbers(happy=1, sad=1), 0, False)


def test_the_mean_decides() -> None:
    window = counter()
    see(window, {1: sure(HAPPY, 0.55)}, frames=6)
    see(window, {1: sure(SAD, 0.95)}, frames=5)
    assert window.compute().counts == numbers(sad=1)


def test_a_crop_that_is_not_good_does_not_vote() -> None:
    window = counter()
    see(window, {1: sure(HAPPY)})
    see(window, {1: None}, frames=9)
    assert window.compute() == WindowCounts(10, numbers(happy=1), 0, False)


def test_who_cannot_be_judged_is_uncertain() -> None:
    window = counter()
    see(window, {1: None, 2: sure(HAPPY, 0.39), 3: sure(HAPPY, 0.41)}, frames=3)
    assert window.compute() == WindowCounts(3, numbers(happy=1), 2, False)


def test_a_passer_by_does_not_count() -> None:
    window = counter()
    see(window, {1: sure(HAPPY)}, frames=8)
    see(window, {1: sure(HAPPY), 2: sure(SAD)}, frames=2)
    assert window.compute() == WindowCounts(10, numbers(happy=1), 0, False)


def test_an_empty_window_is_suppressed() -> None:
    window = counter()
    assert window.compute() == SUPPRESSED_AFTER[0]
    see(window, {}, frames=4)
    assert window.compute() == SUPPRESSED_AFTER[4]


def test_enough_people_at_once_are_counted_and_one_fewer_are_not() -> None:
    for present, suppressed in ((5, False), (4, True)):
        window = counter(min_faces=5)
        see(window, {person: sure(NEUTRAL) for person in range(present)}, frames=10)
        assert window.compute().suppressed is suppressed


def test_people_who_follow_one_another_are_not_a_group() -> None:
    window = counter(min_faces=5)
    for first in (0, 2, 4):
        see(window, {person: sure(NEUTRAL) for person in (first, first + 1)}, frames=7)
    assert window.compute() == SUPPRESSED_AFTER[21]


def test_a_crowd_for_one_frame_does_not_unlock_two_people() -> None:
    window = counter(min_faces=5)
    two = {person: sure(SAD) for person in range(2)}
    see(window, two, frames=10)
    see(window, {person: sure(HAPPY) for person in range(30)})
    see(window, two, frames=10)
    assert window.compute() == SUPPRESSED_AFTER[21]


def test_a_crowd_for_a_third_of_the_window_does_not_unlock_the_two_who_stay() -> None:
    window = counter(min_faces=5)
    see(window, {person: sure(HAPPY) for person in range(9)}, frames=8)
    see(window, {person: sure(SAD) for person in range(2)}, frames=12)
    assert window.compute() == SUPPRESSED_AFTER[20]


def test_a_reset_begins_an_empty_window() -> None:
    window = counter()
    see(window, {1: sure(HAPPY)}, frames=3)
    assert window.compute() == window.compute()
    window.reset()
    assert window.compute() == SUPPRESSED_AFTER[0]
    see(window, {1: sure(SAD)})
    assert window.compute() == WindowCounts(1, numbers(sad=1), 0, False)
