"""Each window once, rooms with their last words, and clear words when it cannot be opened."""

import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import psycopg
import pytest

from dashboard.records import Gap, RecorderBeat, Rejected, Room, Window
from dashboard.store import FORGET_AT_ONCE, Store, StoreError
from edge_agent.emotions import EMOTIONS
from edge_agent.messages import Counts
from tests.dashboard.conftest import batch_for
from tests.dashboard.device_messages import BOOT, START, WINDOW, counts, health, status
from tests.support import REPOSITORY

LATER = START + timedelta(minutes=1)


@pytest.fixture
def store_url(each_store_url: str) -> str:
    return each_store_url


def add(store: Store, *windows: Counts, site: str = "school-a", at: datetime = LATER) -> None:
    with batch_for(store) as batch:
        for window in windows:
            batch.add_counts(site, window, at)


def test_a_window_comes_back_as_it_was_sent(store: Store) -> None:
    add(store, counts(seq=0))
    expected = Window(
        boot_id=BOOT,
        seq=0,
        started_at=START,
        ended_at=START + WINDOW,
        faces=6,
        counts={**dict.fromkeys(EMOTIONS, 0), "happy": 3, "neutral": 2},
        uncertain=1,
        suppressed=False,
    )
    assert store.windows("school-a", "room-12", START) == [expected]
    assert store.newest_window("school-a", "room-12") == expected


def test_a_suppressed_window_has_no_numbers(store: Store) -> None:
    add(store, counts(seq=0), counts(seq=1, suppressed=True))
    window = store.newest_window("school-a", "room-12")
    assert window is not None and window.suppressed
    assert (window.faces, window.counts, window.uncertain) == (None, None, None)


def test_a_repeat_is_kept_once_and_does_not_change_the_first(store: Store) -> None:
    add(store, counts(seq=7), counts(seq=7, sad=8))
    add(store, counts(seq=7, sad=9))
    (window,) = store.windows("school-a", "room-12", START)
    assert window.faces == 6


@pytest.mark.parametrize(
    "other", [counts(seq=8), counts(seq=7, boot_id="cd" * 16), counts(seq=7, device="room-13")]
)
def test_another_seq_boot_or_device_is_another_window(store: Store, other: Counts) -> None:
    add(store, counts(seq=7), other)
    add(store, counts(seq=7), site="school-b")
    windows = [
        window
        for site in ("school-a", "school-b")
        for device in ("room-12", "room-13")
        for window in store.windows(site, device, START)
    ]
    assert len(windows) == 3


def test_windows_come_in_order_of_time_and_bounded(store: Store) -> None:
    add(store, *map(counts, (3, 1, 2, 0)))
    assert [w.seq for w in store.windows("school-a", "room-12", START)] == [0, 1, 2, 3]
    since = START + 3 * WINDOW
    assert [w.seq for w in store.windows("school-a", "room-12", since)] == [2, 3]
    assert [w.seq for w in store.windows("school-a", "room-12", START, limit=2)] == [2, 3]
    assert store.windows("school-a", "room-13", START) == []


def test_of_a_batch_that_cannot_be_written_nothing_is(store: Store) -> None:
    with pytest.raises(StoreError, match="time zone"), batch_for(store) as batch:
        batch.add_counts("school-a", counts(), LATER)
        batch.reject("counts", "missing", "a reason", LATER.replace(tzinfo=None))
    assert store.windows("school-a", "room-12", START) == []


@pytest.mark.parametrize(
    ("clock_synced", "replayed", "end", "expected"),
    [
        (True, False, START, START),
        (True, True, START, START),
        (True, False, LATER + timedelta(days=9), LATER),
        (False, False, START, LATER),
        (False, True, START, None),
    ],
)
def test_the_best_clock_known_tells_when_a_window_ended(
    store: Store, clock_synced: bool, replayed: bool, end: datetime, expected: datetime | None
) -> None:
    sent = counts(end=end, clock_synced=clock_synced, replayed=replayed)
    add(store, sent)
    window = store.newest_window("school-a", "room-12")
    assert (window.ended_at if window else None) == expected


def test_rooms_tell_what_they_said_last_and_the_last_to_speak_is_first(store: Store) -> None:
    paused = status("paused", "command_pause")
    with batch_for(store) as batch:
        batch.set_status("school-a", "room-1", status(), START)
        batch.set_status("school-a", "room-1", paused, LATER)
        batch.set_status("school-a", "room-2", status(), START)
    with batch_for(store) as batch:
        batch.set_health("school-a", "room-2", health(), LATER + WINDOW)
    assert store.rooms() == [
        Room("school-a", "room-2", status(), START, health(), LATER + WINDOW, LATER + WINDOW),
        Room("school-a", "room-1", paused, LATER, None, None, LATER),
    ]


def test_a_recorder_that_lags_does_not_bring_old_words_back(store: Store) -> None:
    with batch_for(store) as batch:
        batch.set_status("school-a", "room-1", status("paused", "command_pause"), LATER)
        batch.set_health("school-a", "room-1", health(), LATER)
    expected = store.rooms()
    with batch_for(store) as batch:
        batch.set_status("school-a", "room-1", status(), START)
        batch.set_health("school-a", "room-1", health().model_copy(update={"fps": 1.0}), START)
    assert store.rooms() == expected


def test_the_brokers_words_are_no_sign_of_life(store: Store) -> None:
    with batch_for(store) as batch:
        batch.set_status("school-a", "room-1", status(), START, retained=True)
        batch.set_status("school-a", "room-2", status("offline", "connection_lost"), START)
    assert [room.seen_at for room in store.rooms()] == [None, None]


def test_rejected_messages_are_counted_by_kind_and_cause(store: Store) -> None:
    for moment in (START, LATER):
        with batch_for(store) as batch:
            for number in range(25):
                batch.reject(f"stranger-{number}", "topic", f"{number} " + "x" * 5000, moment)
                batch.reject("counts", "missing", f"seq: {number}", moment)
        with batch_for(store) as batch:
            batch.reject("counts", "extra_forbidden", "name: got 'x'", moment)
    assert store.rejected() == [
        Rejected("counts", "extra_forbidden", "name: got 'x'", 2, START, LATER),
        Rejected("counts", "missing", "seq: 24", 50, START, LATER),
        Rejected("other", "topic", ("24 " + "x" * 5000)[:300], 50, START, LATER),
    ]


def test_gaps_lie_between_windows_of_one_boot(store: Store) -> None:
    other_boot = "cd" * 16
    add(store, *map(counts, (4, 5, 8, 10)), counts(2, boot_id=other_boot))
    add(store, counts(20, device="room-13"), counts(30, device="room-13"), site="school-b")

    def gap(first: int, last: int) -> Gap:
        around = START + first * WINDOW, START + (last + 2) * WINDOW
        return Gap("school-a", "room-12", BOOT, first, last, *around)

    first, second = gap(6, 7), gap(9, 9)
    # Windows without a moment that is certain end, as far as is known, when they were received.
    third = Gap("school-b", "room-13", BOOT, 21, 29, LATER, LATER)
    assert store.gaps(START) == [first, second, third]
    assert store.gaps(second.before) == [second, third]
    assert store.gaps(START, site="school-a", device="room-12") == [first, second]
    assert store.gaps(START, site="school-a", device="room-13") == []
    add(store, counts(7, replayed=True))
    assert store.gaps(START, site="school-a") == [gap(6, 6), second]
    add(store, counts(6, replayed=True, clock_synced=False))
    assert store.gaps(START, site="school-a") == [second]


def test_a_recorder_is_known_until_it_ends(store: Store) -> None:
    store.beat("one", False, START)
    store.beat("one", True, LATER)
    assert store.recorders() == [RecorderBeat("one", True, LATER)]
    store.end_beat("one")
    assert store.recorders() == []


def test_old_windows_are_forgotten_a_part_at_a_time(store: Store) -> None:
    add(store, *map(counts, range(FORGET_AT_ONCE + 1)), at=START)
    add(store, counts(seq=9999))
    assert [store.forget(LATER) for _ in range(3)] == [FORGET_AT_ONCE, 1, 0]
    assert [w.seq for w in store.windows("school-a", "room-12", START)] == [9999]


def test_moments_without_a_zone_are_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="time zone"):
        store.beat("one", True, START.replace(tzinfo=None))


def test_a_process_reads_what_others_write_at_once(store: Store, store_url: str) -> None:
    program = (
        "import sys; from dashboard.batch import Batch; from dashboard.store import Store\n"
        "from tests.dashboard.device_messages import *\n"
        "store = Store(sys.argv[1])\n"
        "for seq in range(0, 120, 3):\n"
        "    batch = Batch()\n"
        "    for window in map(counts, (seq, seq + 1, seq + 2)):\n"
        "        batch.add_counts('school-a', window, START)\n"
        "    store.write(batch)"
    )
    command = [sys.executable, "-c", program, store_url]
    environment = {"PYTHONPATH": str(REPOSITORY)}
    writers = [subprocess.Popen(command, env=environment) for _ in range(2)]
    seen = 0
    while any(writer.poll() is None for writer in writers):
        windows = store.windows("school-a", "room-12", START)
        assert [window.seq for window in windows] == list(range(len(windows)))
        assert len(windows) >= seen and len(windows) % 3 == 0
        seen = len(windows)
    assert [writer.returncode for writer in writers] == [0, 0]
    assert len(store.windows("school-a", "room-12", START)) == 120


def test_a_store_is_opened_again_with_its_windows(store: Store, store_url: str) -> None:
    add(store, counts(), at=datetime.now(timezone.utc))
    store.close()
    again = Store(store_url)
    assert len(again.windows("school-a", "room-12", START)) == 1
    again.close()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "expected a store such as sqlite:///data/counts.db"),
        ("mysql://db/counts", "expected a sqlite or postgresql store, got mysql://db/counts"),
        ("postgresql://127.0.0.1:port/counts", "expected a store such as"),
        ("postgresql+nonsense://127.0.0.1/counts", "cannot be used"),
        ("sqlite://", "two processes can share"),
        ("sqlite:////dev/null/counts.db", "cannot be used"),
        ("sqlite:////proc/counts.db", "cannot be used"),
        ("sqlite:////", "cannot be used"),
    ],
)
def test_a_store_that_cannot_be_opened_says_why(url: str, words: str) -> None:
    with pytest.raises(StoreError, match=words) as caught:
        Store(url)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear Sir or Madam, " * 100)
    with pytest.raises(StoreError, match="not a database"):
        Store(f"sqlite:///{path}")
    assert path.read_text().startswith("Dear Sir")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://teacher:secret@127.0.0.1:1/counts",
        "postgresql://127.0.0.1:1/counts?user=teacher&password=secret",
        "postgresql://teacher:secret@127.0.0.1:port/counts",
        "postgresql:teacher:secret@127.0.0.1/counts",
    ],
)
def test_a_password_is_not_shown(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        Store(url)
    assert "secret" not in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.postgresql
def test_the_password_may_come_from_the_environment_and_a_wrong_one_is_said(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(postgresql_url) as connection:
        connection.execute("CREATE ROLE teacher SUPERUSER LOGIN PASSWORD 'right'")
    url = postgresql_url.replace("postgres@", "teacher@")
    with pytest.raises(StoreError, match="no password supplied"):
        Store(url)
    monkeypatch.setenv("PGPASSWORD", "wrong")
    with pytest.raises(StoreError, match="password authentication failed"):
        Store(url)
    monkeypatch.setenv("PGPASSWORD", "right")
    store = Store(url)
    assert store.rooms() == []
    store.close()


def test_marks_are_kept_by_room_and_time_until_they_are_removed(store: Store) -> None:
    for minute, text in ((2, "Test"), (1, "Group work starts"), (90, "Later")):
        store.add_mark("school-a", "room-12", START + timedelta(minutes=minute), text)
    store.add_mark("school-a", "room-13", START + timedelta(minutes=1), "Elsewhere")
    hour = START, START + timedelta(hours=1)
    marks = store.marks("school-a", "room-12", *hour)
    assert [mark.text for mark in marks] == ["Group work starts", "Test"]
    assert marks[1].at == START + timedelta(minutes=2)
    store.remove_mark("school-a", "room-13", marks[0].id)
    assert store.marks("school-a", "room-12", *hour) == marks, "another room's teacher"
    store.remove_mark("school-a", "room-12", marks[0].id)
    store.remove_mark("school-a", "room-12", marks[0].id)
    assert store.marks("school-a", "room-12", *hour) == marks[1:]


def test_marks_are_forgotten_with_the_windows_of_their_time(store: Store) -> None:
    add(store, counts(0))
    for days in (-1, 1):
        store.add_mark("school-a", "room-12", START + timedelta(days=days), f"{days}")
    store.forget(START)
    week = START - timedelta(days=7), START + timedelta(days=7)
    assert [mark.text for mark in store.marks("school-a", "room-12", *week)] == ["1"]


def test_the_ends_next_to_a_moment_are_found(store: Store) -> None:
    with store.ends("school-a", "room-12") as ends:
        assert ends.last(LATER) is None and ends.first(None) is None
    add(store, counts(0), counts(1), counts(2))
    first, second, third = (START + n * WINDOW for n in (1, 2, 3))
    with store.ends("school-a", "room-12") as ends:
        assert (ends.last(second), ends.last(LATER)) == (second, third)
        assert (ends.first(first), ends.first(None)) == (second, first)
    until = store.windows("school-a", "room-12", first, until=second)
    assert [window.ended_at for window in until] == [first, second]
