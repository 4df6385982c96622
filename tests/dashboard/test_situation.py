"""What a teacher is told first."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dashboard.records import RecorderBeat, Room, Window
from dashboard.situation import Situation, situation
from tests.dashboard.device_messages import BOOT, START, status

NOW = START + timedelta(hours=1)
ROOM = Room("school-a", "room-12", status(), START, None, None, NOW)
ALIVE = [RecorderBeat("one", True, NOW)]


def window(age_seconds: float, *, hidden: bool = False) -> Window:
    end = NOW - timedelta(seconds=age_seconds)
    return Window(BOOT, 0, end - timedelta(seconds=5), end, 0, {}, 0, suppressed=hidden)


@pytest.mark.parametrize(
    ("state", "newest", "recorders", "kind"),
    [
        ("online", window(15), ALIVE, "live"),
        ("online", window(15), [], "live"),
        (None, window(3), ALIVE, "live"),
        ("online", window(3, hidden=True), ALIVE, "suppressed"),
        ("online", window(15.1), ALIVE, "stale"),
        ("online", None, ALIVE, "waiting"),
        ("paused", window(3), ALIVE, "paused"),
        ("offline", window(3), ALIVE, "offline"),
        ("paused", window(60), [], "no_recorder"),
        ("online", window(60), [replace(ALIVE[0], beat_at=START)], "no_recorder"),
        ("online", window(60), [replace(ALIVE[0], connected=False)], "no_broker"),
    ],
)
def test_the_one_thing_to_say(
    state: str | None, newest: Window | None, recorders: list[RecorderBeat], kind: str
) -> None:
    room = replace(ROOM, status=None if state is None else status(state))
    assert situation(room, newest, recorders, NOW).kind == kind


def test_a_room_with_longer_windows_is_stale_later() -> None:
    room = replace(ROOM, status=status().model_copy(update={"window_seconds": 60.0}))
    assert situation(room, window(170), ALIVE, NOW).kind == "live"


def test_age_is_never_negative_and_an_old_state_is_marked() -> None:
    assert situation(ROOM, window(-2), ALIVE, NOW) == Situation("live", timedelta(0), heard=True)
    assert not situation(ROOM, window(60), [], NOW).heard
