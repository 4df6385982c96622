"""Cuts time into windows, and says when they were in the time of the day."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Final, NamedTuple

_EARLIEST: Final = datetime(2020, 1, 1, tzinfo=timezone.utc).timestamp()
_SET_SECONDS: Final = 0.1


class Span(NamedTuple):
    """A window's beginning and end, in UTC."""

    start: datetime
    end: datetime


def utc_offset() -> float:
    """UTC, as a timestamp, at which the monotonic clock stood at zero."""
    return time.time() - time.monotonic()


class WindowClock:
    """The window in hand, on the clock of the source, which never goes back.

    A live source's clock is the monotonic one. A clock of the day that is set while the agent
    runs is followed from the next window on, in either direction: then a window may begin before
    the one before it, and only ``seq`` tells their order. Otherwise each begins where the last
    ended.

    Args:
        seconds: length of a window.
        pinned: the source's clock is a video's own, whose zero is the moment of its first window.
    """

    def __init__(self, seconds: float, *, pinned: bool = False) -> None:
        self._length = seconds
        self._pinned = pinned
        self._start: float | None = None
        self._offset: float | None = None

    def advance(self, seconds: float) -> Iterator[Span]:
        """The windows that ended by this moment; the one in hand then holds it."""
        if self._start is None:
            self._start = seconds
        while seconds >= self._start + self._length:
            start, self._start = self._start, self._start + self._length
            yield self._span(start, self._start)

    def finish(self, seconds: float) -> Span | None:
        """The window in hand, ended early; None where there is none. The next starts anew."""
        if self._start is None:
            return None
        span = self._span(self._start, seconds)
        self._start = self._offset = None
        return span

    def _span(self, start: float, end: float) -> Span:
        begin = datetime.fromtimestamp(self._utc_of_zero() + start, timezone.utc)
        # Not from the source's clock: rounding twice could exceed the longest window.
        return Span(begin, begin + timedelta(seconds=end - start))

    def _utc_of_zero(self) -> float:
        # A board without a clock of its own may start in 1970, which no message can carry;
        # clock_synced tells that the time is not to be believed.
        if self._pinned:
            if self._offset is None:
                self._offset = max(time.time(), _EARLIEST)
            return self._offset
        now = max(utc_offset(), _EARLIEST)
        # Two clocks cannot be read at once, and a window must begin where the last one ended.
        if self._offset is None or abs(now - self._offset) > _SET_SECONDS:
            self._offset = now
        return self._offset
