"""Decides what a teacher must know first: live numbers, or the reason there are none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from dashboard.records import RecorderBeat, Room, Window

BEAT_SECONDS: Final = 5.0
"""How often a recorder shows that it is alive."""
STALE_WINDOWS: Final = 3
"""Numbers older than so many window lengths are not shown as current."""

Kind = Literal[
    "live", "suppressed", "paused", "offline", "stale", "waiting", "no_recorder", "no_broker"
]


@dataclass(frozen=True)
class Situation:
    """How a room stands.

    Attributes:
        kind: the one thing to show; numbers are current only in ``live``.
        age: since the newest window ended, or None before the first.
        heard: whether the device's state can be believed, or is only the last one known.
    """

    kind: Kind
    age: timedelta | None
    heard: bool


def is_alive(recorder: RecorderBeat, now: datetime) -> bool:
    """Whether a recorder's last sign of life is fresh enough."""
    return now - recorder.beat_at < timedelta(seconds=4 * BEAT_SECONDS)


def situation(
    room: Room, newest: Window | None, recorders: Sequence[RecorderBeat], now: datetime
) -> Situation:
    """Weighs what the device, the recorder and the clock say about a room."""
    age = None if newest is None else max(timedelta(0), now - newest.ended_at)
    alive = [recorder for recorder in recorders if is_alive(recorder, now)]
    connected = any(recorder.connected for recorder in alive)
    state = room.status.state if room.status else "online"
    fresh = age is not None and age <= STALE_WINDOWS * room.window_length

    kind: Kind
    if newest is not None and fresh and state == "online":
        kind = "suppressed" if newest.suppressed else "live"
    elif not alive:
        kind = "no_recorder"
    elif not connected:
        kind = "no_broker"
    elif state != "online":
        kind = "paused" if state == "paused" else "offline"
    else:
        kind = "waiting" if newest is None else "stale"
    return Situation(kind, age, heard=kind not in ("no_recorder", "no_broker", "stale"))
