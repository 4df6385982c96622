"""The queue of windows: in order, bounded, and nothing is forgotten before it is delivered."""

import logging
import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from edge_agent.config import OutboxSettings
from edge_agent.errors import ConfigError
from edge_agent.outbox import Outbox, open_outbox
from tests.edge_agent.support import counts
from tests.support import PATIENCE_SECONDS, REPOSITORY


@pytest.fixture(params=["memory", "disk"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """Where an outbox keeps its windows; acknowledged ones may go at once."""
    file = tmp_path / "state" / "outbox.db" if request.param == "disk" else None
    return {"file": file, "keep_seconds": 0}


def filled(number: int, **settings: Any) -> Outbox:
    """An outbox on its first connection, with so many windows."""
    box = Outbox(**settings)
    box.begin_connection()
    put(box, range(number))
    return box


def put(box: Outbox, seqs: range) -> None:
    for seq in seqs:
        box.put(counts(seq))


def take(box: Outbox, max_in_flight: int = 1000) -> list[tuple[int, bool]]:
    """Seq and replay mark of all that may be sent now."""
    return [(window.seq, window.replayed) for _, window in taken(box, max_in_flight)]


def taken(box: Outbox, max_in_flight: int = 1000) -> list[Any]:
    return list(iter(lambda: box.take(max_in_flight), None))


def deliver(box: Outbox, number: int = 1000) -> list[tuple[int, bool]]:
    """Takes so many, and the broker acknowledges them."""
    result = []
    while len(result) < number and (next_one := box.take(1)) is not None:
        result.append((next_one.window.seq, next_one.window.replayed))
        box.acknowledge(next_one.position)
    return result


def test_windows_leave_in_order_a_few_at_a_time(place: dict[str, Any]) -> None:
    box = filled(5, **place)
    first, second = taken(box, 2)
    assert [first.window, second.window] == [counts(0), counts(1)]
    box.acknowledge(first.position)
    assert take(box, 2) == [(2, False)]
    assert len(box) == 4
    assert box.waiting


def test_only_what_is_acknowledged_is_forgotten(place: dict[str, Any]) -> None:
    box = filled(3, **place)
    positions = [one.position for one in taken(box)]
    assert len(box) == 3
    assert not box.waiting
    for position in [*positions, positions[-1], 99]:
        box.acknowledge(position)
    assert len(box) == 0
    assert box.take(1) is None
    box.begin_connection()
    assert box.take(1) is None


def test_what_was_not_acknowledged_comes_again_first_and_marked(place: dict[str, Any]) -> None:
    box = filled(5, **place)
    sent = taken(box, 3)
    box.acknowledge(sent[1].position)
    box.begin_connection()
    assert box.replaying
    put(box, range(5, 6))
    assert take(box) == [(0, True), (2, True), (3, True), (4, True), (5, False)]
    assert not box.replaying


def test_what_was_acknowledged_just_now_comes_again_too(place: dict[str, Any]) -> None:
    box = filled(3, **(place | {"keep_seconds": 3600}))
    assert deliver(box) == [(0, False), (1, False), (2, False)]
    assert len(box) == 0
    # The broker may have crashed without having saved them.
    box.begin_connection()
    assert len(box) == 3
    assert deliver(box) == [(0, True), (1, True), (2, True)]


def test_an_outage_does_not_make_what_was_acknowledged_old(
    place: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    box = filled(3, **(place | {"keep_seconds": 60}))
    assert len(deliver(box)) == 3
    # The broker crashed before it had saved them, and is away for an hour.
    now = time.monotonic()
    monkeypatch.setattr("edge_agent.outbox.time.monotonic", lambda: now + 3600)
    put(box, range(3, 4))
    box.begin_connection()
    assert deliver(box) == [(0, True), (1, True), (2, True), (3, True)]


def test_a_full_memory_loses_its_oldest(caplog: pytest.LogCaptureFixture) -> None:
    box = filled(10, capacity=4)
    assert (len(box), box.lost, box.state) == (4, 6, "memory")
    assert take(box, 3) == [(6, False), (7, False), (8, False)]
    put(box, range(10, 13))
    box.begin_connection()
    assert take(box) == [(9, True), (10, True), (11, True), (12, True)]
    assert box.lost == 9
    assert "the outbox is full: the 1 oldest windows are dropped" in caplog.text


def test_a_full_file_loses_its_oldest(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    box = filled(500, file=tmp_path / "outbox.db", max_megabytes=0.1)
    left = [seq for seq, _ in take(box)]
    assert left == list(range(500 - len(left), 500))
    assert 100 < len(left) == 500 - box.lost
    assert (tmp_path / "outbox.db").stat().st_size < 200_000
    assert "the outbox is full" in caplog.text


def test_windows_outlive_a_kill(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from edge_agent.outbox import Outbox\n"
        "from tests.edge_agent.support import counts\n"
        "box = Outbox(Path(sys.argv[1])); [box.put(counts(seq)) for seq in range(20)]\n"
        "box.begin_connection(); [box.take(5) for _ in range(5)]; os.kill(os.getpid(), 9)\n"
    )
    file = tmp_path / "outbox.db"
    command = [sys.executable, "-c", script, str(file)]
    killed = subprocess.run(command, cwd=REPOSITORY, timeout=PATIENCE_SECONDS)
    assert killed.returncode == -9
    box = Outbox(file)
    assert len(box) == 20
    put(box, range(20, 22))
    box.begin_connection()
    put(box, range(22, 23))
    assert take(box) == [*((seq, True) for seq in range(22)), (22, False)]


def test_a_clean_end_forgets_what_was_delivered(tmp_path: Path) -> None:
    box = filled(5, file=tmp_path / "outbox.db", keep_seconds=0)
    assert deliver(box, 3) == [(0, False), (1, False), (2, False)]
    box.close()
    again = Outbox(tmp_path / "outbox.db")
    again.begin_connection()
    assert take(again) == [(3, True), (4, True)]


def test_nobody_else_may_read_it_or_use_it(tmp_path: Path) -> None:
    file = tmp_path / "outbox.db"
    box = filled(1, file=file)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    with pytest.raises(ConfigError, match=r"outbox\.db: expected an outbox for this agent alone"):
        Outbox(file)
    box.close()
    assert len(Outbox(file)) == 1


@pytest.mark.parametrize("damage", [b"", b"not a database at all" * 50])
def test_a_damaged_file_is_set_aside(
    damage: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "outbox.db"
    file.write_bytes(damage)
    box = filled(2, file=file)
    assert take(box) == [(0, False), (1, False)]
    assert box.state == "disk"
    if damage:
        assert (tmp_path / "outbox.db.damaged").read_bytes() == damage
        assert "outbox.db is damaged (file is not a database): set aside" in caplog.text


def test_what_a_damaged_file_still_holds_is_delivered(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "outbox.db"
    filled(200, file=file).close()
    content = bytearray(file.read_bytes())
    # A torn page in the last third, as after a power cut on a bad card.
    at = len(content) * 3 // 4 // 1024 * 1024
    content[at : at + 1024] = os.urandom(1024)
    file.write_bytes(content)
    box = Outbox(file)
    box.begin_connection()
    put(box, range(200, 201))
    found = [seq for seq, _ in take(box)]
    assert found == sorted(set(found))
    assert found[:100] == list(range(100))
    assert found[-1] == 200
    assert "is damaged" in caplog.text


def test_a_damaged_window_is_passed_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "outbox.db"
    filled(3, file=file).close()
    connection = sqlite3.connect(file)
    with connection:
        connection.execute("UPDATE windows SET window = '{\"v\": 7}' WHERE position = 2")
    connection.close()
    box = Outbox(file, keep_seconds=0)
    box.begin_connection()
    assert deliver(box) == [(0, True), (2, True)]
    assert "passed over a window that is damaged" in caplog.text
    assert (box.waiting, box.lost) == (False, 1)


def test_a_disk_that_is_full_is_outlived(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    box = filled(3, file=tmp_path / "outbox.db", keep_seconds=0)
    connection = box._file._connection  # type: ignore[union-attr]
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    put(box, range(3, 40))
    assert (len(box), box.state) == (40, "disk_unusable")
    assert "outbox.db: database or disk is full: windows are kept in memory" in caplog.text
    assert deliver(box, 20) == [(seq, False) for seq in range(20)]
    connection.execute("PRAGMA max_page_count = 100000")
    put(box, range(40, 41))
    assert (len(box), box.state) == (21, "disk")
    assert "windows are on the disk again" in caplog.text
    assert deliver(box) == [(seq, False) for seq in range(20, 41)]
    assert box.lost == 0


def test_a_folder_that_cannot_be_used_at_the_start_is_used_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "state"
    filled(3, file=folder / "outbox.db").close()
    folder.rename(tmp_path / "elsewhere")
    folder.write_text("a file where a folder is expected")
    box = filled(2, file=folder / "outbox.db", keep_seconds=0)
    assert (len(box), box.state) == (2, "disk_unusable")
    assert deliver(box, 1) == [(0, False)]
    folder.unlink()
    (tmp_path / "elsewhere").rename(folder)
    monkeypatch.setattr(box, "_reopen_at", 0.0)
    put(box, range(2, 4))
    assert box.state == "disk"
    assert deliver(box) == [(1, False), (2, False), (3, False)]
    # What the file held before belongs to another start of the device.
    box.begin_connection()
    assert deliver(box) == [(0, True), (1, True), (2, True)]


def test_windows_grow_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.outbox_file.clock_synced", lambda: True)
    filled(3, file=tmp_path / "outbox.db").close()
    connection = sqlite3.connect(tmp_path / "outbox.db")
    with connection:
        connection.execute("UPDATE windows SET stored_at = stored_at - 200000 WHERE position < 3")
    connection.close()
    box = Outbox(tmp_path / "outbox.db", max_age_days=2)
    put(box, range(3, 4))
    assert (len(box), box.lost) == (2, 2)
    box.begin_connection()
    assert take(box) == [(2, True), (3, True)]


def test_a_window_of_a_wrong_clock_does_not_grow_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.outbox_file.clock_synced", lambda: False)
    filled(3, file=tmp_path / "outbox.db").close()
    monkeypatch.setattr("edge_agent.outbox_file.clock_synced", lambda: True)
    box = Outbox(tmp_path / "outbox.db", max_age_days=1e-6)
    put(box, range(3, 4))
    assert (len(box), box.lost) == (4, 0)


def test_putting_and_taking_may_be_done_by_different_threads(place: dict[str, Any]) -> None:
    box = filled(0, **place)
    writer = threading.Thread(target=put, args=(box, range(500)))
    writer.start()
    delivered: list[tuple[int, bool]] = []
    while len(delivered) < 500:
        delivered += deliver(box, 8)
    writer.join()
    assert delivered == [(seq, False) for seq in range(500)]


def test_the_file_is_where_the_settings_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def files(file: str | None) -> list[str]:
        box = open_outbox(OutboxSettings(file=file), site="my-school", device="room-101")
        box.close()
        return sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.db"))

    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    assert files(None) == []
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    assert files("auto") == ["home/edge-agent/my-school.room-101.outbox.db"]
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "systemd"))
    assert "systemd/my-school.room-101.outbox.db" in files("auto")
    assert "given.db" in files(str(tmp_path / "given.db"))
