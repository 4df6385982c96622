"""Plays what was recorded: every picture at once, or each when it is due."""

import time
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

import numpy as np

from edge_agent.demand import Demand
from edge_agent.source import Frame

Recording: TypeAlias = Iterator[tuple[float, Callable[[], np.ndarray | None]]]
"""The time in seconds of each picture, and its decoder; None is a picture that is broken."""

_LATE_SECONDS: Final = 0.1
_CATCH_UP_SECONDS: Final = 1.0


def every_frame(recording: Recording) -> Iterator[Frame]:
    """All frames as quickly as somebody takes them, on the recording's clock."""
    for at, decode in recording:
        image = decode()
        if image is not None:
            yield Frame(at, image)


def at_own_pace(recording: Recording, demand: Demand) -> Iterator[Frame]:
    """Frames when they are due; those that nobody has time for are skipped."""
    start = taken = time.monotonic()
    due = 0.0
    dropped = 0
    for at, decode in recording:
        if at < due:
            continue
        now = time.monotonic()
        # A late frame only costs time; but where decoding alone is too slow, all are late.
        if now - start - at > _LATE_SECONDS and now - taken < _CATCH_UP_SECONDS:
            dropped += 1
            continue
        if not demand.wait_until(start + at):
            return
        image = decode()
        if image is None:
            continue
        yield Frame(time.monotonic(), image, dropped)
        taken = time.monotonic()
        dropped = 0
        due = demand.next_due(due, at)
