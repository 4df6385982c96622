"""Each person counts once, and small groups are not counted at all."""

import numpy as np
import pytest

from edge_agent.emotion_counter import EmotionCounter, WindowCounts
from edge_agent.emotions import EMOTIONS

HAPPY, NEUTRAL, SAD = (EMOTIONS.index(name) for name in ("happy", "neutral", "sad"))


def sure(emotion: int, probability: float = 0.9) -> np.ndarray:
    row = np.full(7, (1 - probability) / 6)
    row[emotion] = probability
    return row


def torn(first: int, second: int, probability: float, lead: float) -> np.ndarray:
    """Two emotions, of which the first has this probability and leads the other by so much."""
    row = np.full(7, (1 - 2 * probability + lead) / 5)
    row[first], row[second] = probability, probability - lead
    return row


def counter(min_faces: int = 1) -> EmotionCounter:
    return EmotionCounter(confidence_threshold=0.4, min_faces=min_faces)


def see(window: EmotionCounter, people: dict[int, np.ndarray | None], *, frames: int = 1) -> None:
    """Adds frames with these people; None is a face too small to judge."""
    judged = {person: row for person, row in people.items() if row is not None}
    for _ in range(frames):
        rows = np.array([*judged.values()]).reshape(-1, 7)
        window.update(0.0, list(people), list(judged), rows)


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


# From window to window


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        (sure(HAPPY), numbers(happy=1)),
        (torn(NEUTRAL, HAPPY, 0.45, lead=0.09), numbers(happy=1)),
        (torn(NEUTRAL, HAPPY, 0.50, lead=0.11), numbers(neutral=1)),
        (sure(HAPPY, 0.36), numbers(happy=1)),
        (sure(HAPPY, 0.34), numbers()),
        (sure(SAD, 0.9), numbers(sad=1)),
    ],
)
def test_a_person_stays_with_an_emotion_until_another_leads_clearly(
    row: np.ndarray, shown: dict[str, int]
) -> None:
    window = counter()
    see(window, {1: sure(HAPPY)}, frames=4)
    window.reset()
    see(window, {1: row}, frames=4)
    assert window.compute().counts == shown


def test_who_was_uncertain_stays_so_until_it_is_clear() -> None:
    for probability, uncertain in ((0.44, 1), (0.46, 0)):
        window = counter()
        see(window, {1: sure(HAPPY, 0.3)})
        window.reset()
        see(window, {1: sure(HAPPY, probability)})
        assert window.compute().uncertain == uncertain


def test_who_was_not_in_the_window_before_starts_afresh() -> None:
    window = counter()
    see(window, {1: sure(HAPPY)})
    window.reset()
    see(window, {})
    window.reset()
    see(window, {1: torn(NEUTRAL, HAPPY, 0.45, lead=0.01)})
    assert window.compute().counts == numbers(neutral=1)


# Who needs to be judged


def test_who_was_judged_surely_three_times_is_left_alone_for_a_while() -> None:
    window = EmotionCounter(confidence_threshold=0.4, min_faces=1, repeat_seconds=1.0)
    judged = []
    for frame in range(20):
        seconds = frame / 4
        if window.needs_judging(np.array([1]), seconds).tolist() == [True]:
            judged.append(seconds)
            window.update(seconds, [1], [1], sure(HAPPY)[None])
        else:
            window.update(seconds, [1], [], np.zeros((0, 7)))
    assert judged == [0.0, 0.5, 1.0, 2.0, 3.0, 4.0]
    assert window.compute() == WindowCounts(20, numbers(happy=1), 0, False)


def test_who_was_judged_surely_in_the_window_before_is_judged_once_until_in_doubt() -> None:
    window = EmotionCounter(confidence_threshold=0.4, min_faces=1, repeat_seconds=1.0)
    one = np.array([1])
    for _ in range(3):
        window.update(0.0, [1], [1], sure(HAPPY)[None])
    for start in (5.0, 10.0):
        window.reset()
        assert window.needs_judging(one, start).tolist() == [True]
        window.update(start, [1], [1], sure(HAPPY)[None])
        assert window.needs_judging(one, start + 0.8).tolist() == [False]
        assert window.needs_judging(one, start + 1.0).tolist() == [True]
    window.update(11.0, [1], [1], sure(HAPPY, 0.6)[None])
    assert window.needs_judging(one, 11.5).tolist() == [True]
    # Who left the window before without a judgement is nobody known.
    window.reset()
    window.reset()
    window.update(20.0, [1], [1], sure(HAPPY)[None])
    assert window.needs_judging(one, 20.5).tolist() == [True]


def test_who_is_not_clear_is_judged_twice_as_often() -> None:
    window = EmotionCounter(confidence_threshold=0.4, min_faces=1, repeat_seconds=1.0)
    for frame in range(20):
        # The second was never judged: no crop of hers was good.
        due = [frame % 9 == 0, True]
        assert window.needs_judging(np.array([1, 2]), frame / 20).tolist() == due
        judged = [1] if due[0] else []
        window.update(frame / 20, [1, 2], judged, np.tile(sure(HAPPY, 0.6), (len(judged), 1)))
    assert window.needs_judging(np.zeros(0, np.int64), 5.0).tolist() == []


def test_with_no_time_between_everybody_is_judged_in_every_frame() -> None:
    window = EmotionCounter(confidence_threshold=0.4, min_faces=1)
    for frame in range(5):
        assert window.needs_judging(np.array([1]), frame / 20).tolist() == [True]
        window.update(frame / 20, [1], [1], sure(HAPPY)[None])


# Attacks by comparing neighbouring windows


def published(min_faces: int, *groups: list[int]) -> list[dict[str, int] | None]:
    """The numbers of one window after the other, with these people in each; one of them is sad."""
    window = counter(min_faces)
    result = []
    for group in groups:
        people: dict[int, np.ndarray | None] = {person: sure(NEUTRAL) for person in group}
        if 5 in people:
            people[5] = sure(SAD)
        see(window, people, frames=10)
        result.append(window.compute().counts)
        window.reset()
    return result


FIVE, FOUR = [1, 2, 3, 4, 5], [1, 2, 3, 4]
WITH_NUMBERS = numbers(neutral=4, sad=1)


def test_a_suppressed_window_never_lies_between_two_with_numbers() -> None:
    assert published(5, FIVE, FOUR, FIVE, FIVE) == [WITH_NUMBERS, None, None, WITH_NUMBERS]


def test_a_group_that_flaps_about_the_limit_falls_silent() -> None:
    """Else the one who keeps stepping out of view would be the difference each time."""
    assert published(5, FIVE, *[FOUR, FIVE] * 5) == [WITH_NUMBERS, *[None] * 10]


def test_a_group_that_comes_for_a_moment_does_not_tell_of_those_who_stay() -> None:
    window = counter(min_faces=5)
    two: dict[int, np.ndarray | None] = {1: sure(SAD), 2: sure(SAD)}
    crowd = two | {person: sure(HAPPY) for person in range(10, 15)}
    found = []
    for people, frames in ((two, 10), (crowd, 4), (two, 6), (crowd, 10), (two, 10)):
        see(window, people, frames=frames)
        if people is not crowd or frames == 10:
            found.append(window.compute().counts)
            window.reset()
    # Not even while it stays for a whole window: those before and after were of two.
    assert found == [None, None, None, None]


def test_an_empty_room_is_no_small_group() -> None:
    """A class that enters is counted at once: there was nobody to protect."""
    assert published(5, [], FIVE) == [None, WITH_NUMBERS]
    assert published(1, [], [1]) == [None, numbers(neutral=1)]


def test_one_who_leaves_a_group_that_stays_large_enough_can_be_guessed() -> None:
    """What no rule for exact counts prevents; docs/privacy.md says so."""
    before, after = published(5, [*FIVE, 6], [1, 2, 3, 4, 6])
    assert before is not None and after is not None
    gone = {emotion: before[emotion] - after[emotion] for emotion in EMOTIONS}
    assert gone == numbers(sad=1)
