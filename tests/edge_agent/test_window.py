"""Windows follow one another, whatever the clock of the day does."""

import itertools
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest

from edge_agent import window
from edge_agent.window import Span, WindowClock

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=timezone.utc)


class Clocks:
    """The machine's two clocks, as a test sets them."""

    def __init__(self, now: datetime) -> None:
        self.monotonic = 1000.0
        self.offset = now.timestamp() - self.monotonic

    def jump(self, seconds: float) -> None:
        self.offset += seconds


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    result = Clocks(NOON)
    told = SimpleNamespace(
        monotonic=lambda: result.monotonic, time=lambda: result.monotonic + result.offset
    )
    monkeypatch.setattr(window, "time", told)
    return result


def pass_time(clock: WindowClock, clocks: Clocks, seconds: float) -> list[Span]:
    """The windows that end in so many seconds, with a frame four times a second."""
    spans = []
    for _ in range(round(4 * seconds)):
        spans += clock.advance(clocks.monotonic)
        clocks.monotonic += 0.25
    return spans


def test_windows_adjoin_although_two_clocks_cannot_be_read_at_once(clocks: Clocks) -> None:
    clock = WindowClock(5.0)
    spans = []
    for jitter in itertools.islice(itertools.cycle((0.0, 0.004, -0.003)), 60):
        clocks.jump(jitter)
        spans += pass_time(clock, clocks, 0.5)
        clocks.jump(-jitter)
    assert len(spans) == 5
    assert {span.end - span.start for span in spans} == {timedelta(seconds=5)}
    assert all(before.end == after.start for before, after in itertools.pairwise(spans))


@pytest.mark.parametrize("jump_seconds", [3600.0, -3600.0, 2.5, -2.5])
def test_a_clock_that_is_set_is_followed_from_the_next_window_on(
    clocks: Clocks, jump_seconds: float
) -> None:
    clock = WindowClock(5.0)
    before = pass_time(clock, clocks, 12)
    clocks.jump(jump_seconds)
    after = pass_time(clock, clocks, 12)
    assert [span.start for span in before + after] == [
        NOON,
        NOON + timedelta(seconds=5),
        NOON + timedelta(seconds=10 + jump_seconds),
        NOON + timedelta(seconds=15 + jump_seconds),
    ]
    assert {span.end - span.start for span in before + after} == {timedelta(seconds=5)}


def test_a_board_whose_clock_was_never_set_still_has_windows_in_order(clocks: Clocks) -> None:
    clocks.jump(-NOON.timestamp())
    spans = pass_time(WindowClock(5.0), clocks, 12)
    assert [span.start.year for span in spans] == [2020, 2020]
    assert spans[0].end == spans[1].start


def test_a_recording_keeps_to_its_own_clock(clocks: Clocks) -> None:
    clock = WindowClock(2.0, pinned=True)
    assert list(clock.advance(0.0)) == []
    (first,) = clock.advance(2.0)
    clocks.jump(500.0)
    second, third = clock.advance(6.5)
    assert [first.start, second.start, third.start] == [
        NOON + timedelta(seconds=seconds) for seconds in (0, 2, 4)
    ]


def test_a_window_can_be_ended_early(clocks: Clocks) -> None:
    clock = WindowClock(5.0)
    assert clock.finish(3.0) is None
    assert list(clock.advance(1000.0)) == []
    assert clock.finish(1001.5) == Span(NOON, NOON + timedelta(seconds=1.5))
    assert clock.finish(1001.5) is None


def test_where_no_frame_came_the_windows_are_there_all_the_same(clocks: Clocks) -> None:
    clock = WindowClock(1.0)
    assert list(clock.advance(1000.0)) == []
    assert len(list(clock.advance(1003.4))) == 3
