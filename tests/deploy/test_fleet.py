"""A simulated fleet, a broker and a recorder: what is sent is what is kept, or it is told."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dashboard.store import Store
from deploy.__main__ import main
from deploy.fleet.check import Verdict, check
from deploy.fleet.plan import Plan
from deploy.fleet.simulator import Fleet
from deploy.measure import processes
from edge_agent.config import Mqtt
from tests.support import PATIENCE_SECONDS, await_true, debian_program, free_port


@contextmanager
def recording(folder: Path) -> Iterator[tuple[int, str]]:
    """A broker with the limits of production and a recorder: the port and the store."""
    debian_program("mosquitto")
    port, store = free_port(), f"sqlite:///{folder}/counts.db"
    with (
        processes.running_mosquitto(folder, port),
        processes.running_recorder(folder, port, store),
    ):
        yield port, store


@pytest.mark.mosquitto
def test_what_a_fleet_sends_is_kept_as_it_was_sent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with recording(tmp_path) as (port, store):
        command = ["fleet", "--devices", "200", "--rate", "1000", "--seconds", "2"]
        assert main([*command, "--broker", f"127.0.0.1:{port}", "--check", store]) == 0
        output = capsys.readouterr().out
        assert "2000 offered, 2000 acknowledged" in output
        assert "2000 windows kept: 0 lost, 0 doubled, 0 altered" in output
        rooms = Store(store)
        await_true(lambda: {room.status.state for room in rooms.rooms() if room.status})
        assert len(rooms.rooms()) == 200
        rooms.close()


@pytest.mark.mosquitto
def test_devices_come_back_to_a_broker_that_was_away(tmp_path: Path) -> None:
    debian_program("mosquitto")
    port, store = free_port(), f"sqlite:///{tmp_path}/counts.db"
    plan = Plan.of_rate(20, 100, 5)
    fleet = Fleet(plan, Mqtt(host="127.0.0.1", port=port))
    outcomes = []
    running = threading.Thread(target=lambda: outcomes.append(fleet.run()))
    with (
        processes.running_mosquitto(tmp_path, port),
        processes.running_recorder(tmp_path, port, store),
    ):
        pass  # Ended cleanly, the broker has saved for whom it must keep windows.
    with (
        processes.running_mosquitto(tmp_path, port) as broker,
        processes.running_recorder(tmp_path, port, store),
    ):
        running.start()
        await_true(lambda: _number_kept(tmp_path) > 50)
        broker.kill()
        with processes.running_mosquitto(tmp_path, port):
            running.join(PATIENCE_SECONDS)
            assert not running.is_alive()
            await_true(lambda: check(store, plan).kept == plan.windows)
    assert outcomes[0].acknowledged == outcomes[0].offered == plan.windows
    assert outcomes[0].reconnects == 20
    assert check(store, plan) == Verdict(kept=500, lost=0, doubled=0, altered=0)


def _number_kept(folder: Path) -> int:
    with sqlite3.connect(folder / "counts.db") as store:
        return int(store.execute("SELECT count(*) FROM windows").fetchone()[0])


@pytest.mark.mosquitto
def test_a_lost_and_an_altered_window_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = Plan.of_rate(10, 100, 1, seed=7)
    with recording(tmp_path) as (port, store):
        Fleet(plan, Mqtt(host="127.0.0.1", port=port)).run()
        await_true(lambda: check(store, plan) == Verdict(100, 0, 0, 0))
    with sqlite3.connect(tmp_path / "counts.db") as damaged:
        damaged.execute("DELETE FROM windows WHERE device = 'room-00003' AND seq < 2")
        damaged.execute("UPDATE windows SET frames = 21 WHERE device = 'room-00004' AND seq = 5")
        damaged.execute("UPDATE windows SET replayed = 1 WHERE device = 'room-00005'")
        # Another device's window is nobody's loss.
        damaged.execute("UPDATE windows SET device = 'room-99999' WHERE device = 'room-00006'")
    assert check(store, plan) == Verdict(kept=88, lost=12, doubled=0, altered=1)


def test_a_plan_repeats_itself_and_another_seed_does_not() -> None:
    plan = Plan.of_rate(10, 100, 1, seed=7)
    windows = list(plan.all_windows())
    assert windows == list(plan.all_windows())
    assert len({(window.device, window.seq) for window in windows}) == 100
    assert 0 < sum(window.suppressed for window in windows) < 20
    other = Plan(10, 100, plan.window_seconds, plan.started_at, seed=8)
    assert not {window.boot_id for window in windows} & {w.boot_id for w in other.all_windows()}


@pytest.mark.parametrize("broker", ["192.0.2.1:1883", "broker.example:1883", "nonsense", ":"])
def test_nobody_else_is_flooded(broker: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fleet", "--broker", broker]) == 2
    output = capsys.readouterr().err
    assert "expected a broker on this machine" in output and output.count("\n") == 1
