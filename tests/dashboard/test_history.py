"""Stacked shares, hidden stretches and gaps, from windows alone."""

from datetime import datetime, timedelta

from dashboard import history
from dashboard.history import Share, Stretch
from dashboard.records import Window
from edge_agent.emotions import EMOTIONS
from tests.dashboard.device_messages import BOOT, START, WINDOW

SLACK = WINDOW / 2


def window(seq: int, *, boot_id: str = BOOT, hidden: bool = False, **people: int) -> Window:
    uncertain = people.pop("uncertain", 0)
    counts = {emotion: people.get(emotion, 0) for emotion in EMOTIONS}
    return Window(
        boot_id=boot_id,
        seq=seq,
        started_at=at(seq),
        ended_at=at(seq + 1),
        faces=None if hidden else sum(counts.values()) + uncertain,
        counts=None if hidden else counts,
        uncertain=None if hidden else uncertain,
        suppressed=hidden,
    )


def at(seq: int) -> datetime:
    return START + seq * WINDOW


def test_shares_stack_in_the_labels_order_with_the_uncertain_on_top() -> None:
    assert history.shares([window(0, sad=1, happy=2, uncertain=3)]) == [
        Share(at(0), at(1), "happy", 2, 0, 2),
        Share(at(0), at(1), "sad", 1, 2, 3),
        Share(at(0), at(1), "uncertain", 3, 3, 6),
    ]


def test_a_suppressed_window_is_hidden_and_never_zero() -> None:
    windows = [window(0, happy=3), window(1, hidden=True), window(2, hidden=True), window(3)]
    assert {share.started_at for share in history.shares(windows)} == {at(0)}
    assert history.hidden(windows, SLACK) == [Stretch(at(1), at(3))]
    assert history.counted(windows, SLACK) == [Stretch(at(0), at(1)), Stretch(at(3), at(4))]


def test_a_gap_tells_how_many_windows_are_missing() -> None:
    windows = [window(2), window(3), window(6)]
    assert history.gaps(windows, at(2), at(7), SLACK) == [Stretch(at(4), at(6), missing=2)]


def test_a_restart_hides_how_many_windows_are_missing() -> None:
    windows = [window(2), window(6, boot_id="cd" * 16)]
    assert history.gaps(windows, at(2), at(7), SLACK) == [Stretch(at(3), at(6), missing=None)]


def test_gaps_reach_to_both_edges() -> None:
    assert history.gaps([window(2)], at(0), at(5), SLACK) == [
        Stretch(at(0), at(2)),
        Stretch(at(3), at(5)),
    ]
    assert history.gaps([], at(0), at(5), SLACK) == [Stretch(at(0), at(5))]


def test_a_small_hole_is_no_gap() -> None:
    assert history.gaps([window(0)], at(0) - timedelta(seconds=2), at(1), SLACK) == []
