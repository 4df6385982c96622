"""Nothing is lost, doubled or altered while everything breaks; and the comparison would see it."""

import dataclasses
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.chaos.comparison import compare
from tests.chaos.faults import LINK_FAULTS, Options
from tests.chaos.orchestrate import Result, run
from tests.support import debian_program

pytestmark = pytest.mark.mosquitto

# With this seed, a broker that could not deliver is away for longer than outboxes keep what it
# acknowledged.
OPTIONS = Options(
    seed=866,
    windows=200,
    devices=3,
    broker_kills=3,
    agent_kills=3,
    recorder_kills=2,
    database_stops=1,
    link_faults=7,
    keep_seconds=4.0,
    store="sqlite",
)
ONE = "rowid = (SELECT min(rowid) FROM windows WHERE NOT suppressed)"
DOUBLE = f"""
CREATE TABLE without_key AS SELECT * FROM windows;
INSERT INTO without_key SELECT * FROM windows WHERE {ONE};
DROP TABLE windows;
ALTER TABLE without_key RENAME TO windows;
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    """The result of a run, and its folder."""
    debian_program("mosquitto")
    folder = tmp_path_factory.mktemp("chaos")
    return run(OPTIONS, folder, lambda kept: None), folder


def test_nothing_is_lost_doubled_or_altered(finished: tuple[Result, Path]) -> None:
    verdict = finished[0].verdict
    assert (verdict.lost, verdict.doubled, verdict.altered, verdict.unknown) == (0, 0, 0, 0)
    assert (verdict.kept, verdict.stored) == (OPTIONS.windows, OPTIONS.windows + verdict.unnoted)


def test_every_fault_that_was_asked_for_has_struck(finished: tuple[Result, Path]) -> None:
    injected = dict(finished[0].injected)
    assert sum(injected.pop(kind, 0) for kind in LINK_FAULTS) == OPTIONS.link_faults
    assert injected == {
        "broker killed -9": OPTIONS.broker_kills,
        "agent killed -9": OPTIONS.agent_kills,
        "recorder killed -9": OPTIONS.recorder_kills,
        "database away": OPTIONS.database_stops,
    }


@pytest.mark.parametrize(
    ("statements", "differences"),
    [
        ("", {}),
        (f"DELETE FROM windows WHERE {ONE}", {"lost": 1, "stored": -1}),
        (DOUBLE, {"doubled": 1, "stored": 1}),
        (f"UPDATE windows SET frames = frames + 1 WHERE {ONE}", {"altered": 1}),
        (f"UPDATE windows SET happy = NULL WHERE {ONE}", {"altered": 1}),
        (f"UPDATE windows SET suppressed = 1 WHERE {ONE}", {"altered": 1}),
        (f"UPDATE windows SET seq = 1000000 WHERE {ONE}", {"lost": 1, "unknown": 1}),
        (f"UPDATE windows SET site = 'another' WHERE {ONE}", {"lost": 1, "unknown": 1}),
    ],
)
def test_the_comparison_sees_what_is_wrong_with_a_store(
    finished: tuple[Result, Path], tmp_path: Path, statements: str, differences: dict[str, int]
) -> None:
    result, folder = finished
    copy = tmp_path / "counts.db"
    with (
        closing(sqlite3.connect(folder / "counts.db")) as original,
        closing(sqlite3.connect(copy)) as changed,
    ):
        original.backup(changed)
        # Marks do not count, and the rows that are deleted or doubled might bear one.
        changed.executescript(f"UPDATE windows SET replayed = 0; {statements}")
    expected = dataclasses.asdict(result.verdict) | {"replayed": 0}
    for name, difference in differences.items():
        expected[name] += difference
    found = compare(folder / "ledgers", f"sqlite:///{copy}", OPTIONS.seed)
    assert dataclasses.asdict(found) == expected
