"""What the live page says has changed."""

from datetime import timedelta

import pytest

from dashboard.change import Change, compare
from dashboard.records import Window
from edge_agent.emotions import EMOTIONS
from tests.dashboard.device_messages import BOOT, START, WINDOW

END = START + timedelta(minutes=5)
ALL = 60  # windows of five seconds


def windows(before: dict[str, int], now: dict[str, int], *, hidden: int = 0) -> list[Window]:
    """Four minutes of one and one of the other; of the newest, some are hidden."""
    made = []
    for seq in range(ALL):
        people = before if seq < 48 else now
        suppressed = seq >= ALL - hidden
        counts = {emotion: people.get(emotion, 0) for emotion in EMOTIONS}
        made.append(
            Window(
                BOOT,
                seq,
                START + seq * WINDOW,
                START + (seq + 1) * WINDOW,
                None if suppressed else sum(counts.values()),
                None if suppressed else counts,
                None if suppressed else people.get("uncertain", 0),
                suppressed,
            )
        )
    return made


@pytest.mark.parametrize(
    ("before", "now", "found"),
    [
        ({"happy": 10}, {"happy": 11}, Change(None, 10, 11, False)),
        ({"happy": 10}, {"happy": 13}, Change(None, 10, 13, True)),
        ({"happy": 10}, {"happy": 5}, Change(None, 10, 5, True)),
        ({"neutral": 10}, {"neutral": 6, "happy": 4}, Change("happy", 0, 4, True)),
        ({"neutral": 3, "sad": 7}, {"neutral": 8, "sad": 2}, Change("neutral", 3, 8, True)),
        # How many could not be told is nothing about the group.
        (
            {"neutral": 9, "uncertain": 1},
            {"neutral": 8, "uncertain": 2},
            Change(None, 10, 10, False),
        ),
        ({}, {}, Change(None, 0, 0, False)),
    ],
)
def test_the_most_notable_change(
    before: dict[str, int], now: dict[str, int], found: Change
) -> None:
    assert compare(windows(before, now), END) == found


def test_too_little_to_compare() -> None:
    known = windows({"happy": 5}, {"happy": 9})
    assert compare(known, END) is not None
    assert compare([], END) is None
    assert compare(known[-20:], END) is None, "nothing of before"
    assert compare(windows({"happy": 5}, {"happy": 9}, hidden=8), END) is None, "mostly hidden"
