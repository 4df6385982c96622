"""A short day: each thing that can go wrong goes wrong once, and the agent outlives it."""

import os
from collections import Counter
from pathlib import Path

import pytest

from tests.soak.faults import Options
from tests.soak.outcome import live
from tests.support import debian_program


@pytest.mark.long
@pytest.mark.mosquitto
@pytest.mark.faketime
def test_the_agent_outlives_a_day_and_loses_no_window(tmp_path: Path) -> None:
    debian_program("mosquitto")
    debian_program("faketime", package="faketime")
    root = os.geteuid() == 0
    options = Options(
        seed=3,
        minutes=0.2,
        camera_lost=2,
        camera_hung=1,
        broker_away=1,
        clock_jumps=1,
        disk_full=1 if root else 0,  # mounting a small disk needs root
        good_reloads=1,
        bad_reloads=1,
        hot_spells=1,
    )
    outcome = live(options, tmp_path, lambda done: None)
    assert outcome.done == Counter(
        {
            "camera lost": 2,
            "camera hung": 1,
            "broker away": 1,
            "clock set forth and back": 1,
            "good configuration, SIGHUP": 1,
            "bad configuration, SIGHUP": 1,
            "hot or throttled": 1,
            **({"disk full": 1} if root else {}),
        }
    )
    assert (outcome.boots, outcome.exit_code, outcome.left_over) == (1, 0, 0)
    assert outcome.counted > 0
    assert (outcome.missing, outcome.lost) == (0, 0)
