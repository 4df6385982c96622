"""Each window once, rooms with their last words, and clear words when it cannot be opened."""

import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from dashboard.records import RecorderBeat, Rejected, Room, Window
from dashboard.store import Store, StoreError
from edge_agent.emotions import EMOTIONS
from edge_agent.messages import Counts
from tests.dashboard.device_messages import BOOT, START, WINDOW, counts, health, status
from tests.support import REPOSITORY

LATER = START + timedelta(minutes=1)


def test_a_window_comes_back_as_it_was_sent(store: Store) -> None:
    assert store.add_counts("school-a", counts(seq=0), LATER)
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
    store.add_counts("school-a", counts(suppressed=True), LATER)
    window = store.newest_window("school-a", "room-12")
    assert window is not None and window.suppressed
    assert (window.faces, window.counts, window.uncertain) == (None, None, None)


def test_a_repeat_is_kept_once_and_does_not_change_the_first(store: Store) -> None:
    assert store.add_counts("school-a", counts(seq=7), LATER)
    assert not store.add_counts("school-a", counts(seq=7, sad=9), LATER)
    (window,) = store.windows("school-a", "room-12", START)
    assert window.faces == 6


@pytest.mark.parametrize(
    "other", [counts(seq=8), counts(seq=7, boot_id="cd" * 16), counts(seq=7, device="room-13")]
)
def test_another_seq_boot_or_device_is_another_window(store: Store, other: Counts) -> None:
    assert store.add_counts("school-a", counts(seq=7), LATER)
    assert store.add_counts("school-a", other, LATER)
    assert store.add_counts("school-b", counts(seq=7), LATER)


def test_windows_come_in_order_of_time_and_bounded(store: Store) -> None:
    for seq in (3, 1, 2, 0):
        store.add_counts("school-a", counts(seq=seq), LATER)
    assert [w.seq for w in store.windows("school-a", "room-12", START)] == [0, 1, 2, 3]
    since = START + 3 * WINDOW
    assert [w.seq for w in store.windows("school-a", "room-12", since)] == [2, 3]
    assert [w.seq for w in store.windows("school-a", "room-12", START, limit=2)] == [2, 3]
    assert store.windows("school-a", "room-13", START) == []


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
    store.add_counts("school-a", sent, LATER)
    window = store.newest_window("school-a", "room-12")
    assert (window.ended_at if window else None) == expected


def test_rooms_tell_what_they_said_last_and_the_last_to_speak_is_first(store: Store) -> None:
    store.set_status("school-a", "room-1", status(), START)
    store.set_status("school-a", "room-1", status("paused", "command_pause"), LATER)
    store.set_status("school-a", "room-2", status(), START)
    store.set_health("school-a", "room-2", health(), LATER + WINDOW)
    assert store.rooms() == [
        Room("school-a", "room-2", status(), START, health(), LATER + WINDOW, LATER + WINDOW),
        Room("school-a", "room-1", status("paused", "command_pause"), LATER, None, None, LATER),
    ]


def test_the_brokers_words_are_no_sign_of_life(store: Store) -> None:
    store.set_status("school-a", "room-1", status(), START, retained=True)
    store.set_status("school-a", "room-2", status("offline", "connection_lost"), START)
    assert [room.seen_at for room in store.rooms()] == [None, None]


def test_rejected_messages_are_bounded(store: Store) -> None:
    for number in range(50):
        store.reject(f"stranger-{number}", f"{number} " + "x" * 5000, START)
        store.reject("counts", f"counts: {number}", LATER)
    assert store.rejected() == [
        Rejected("counts", "counts: 49", 50, LATER),
        Rejected("other", ("49 " + "x" * 5000)[:300], 50, START),
    ]


def test_a_recorder_is_known_until_it_ends(store: Store) -> None:
    store.beat("one", False, START)
    store.beat("one", True, LATER)
    assert store.recorders() == [RecorderBeat("one", True, LATER)]
    store.end_beat("one")
    assert store.recorders() == []


def test_old_windows_are_forgotten(store: Store) -> None:
    store.add_counts("school-a", counts(seq=0), START)
    store.add_counts("school-a", counts(seq=1), LATER)
    assert store.forget(LATER) == 1
    assert [w.seq for w in store.windows("school-a", "room-12", START)] == [1]


def test_moments_without_a_zone_are_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="time zone"):
        store.beat("one", True, START.replace(tzinfo=None))


def test_one_process_reads_what_others_write_at_once(store: Store, store_url: str) -> None:
    program = (
        "import sys; from dashboard.store import Store\n"
        "from tests.dashboard.device_messages import *\n"
        "store = Store(sys.argv[1])\n"
        "for seq in range(40):\n"
        "    store.add_counts('school-a', counts(seq=seq), START)"
    )
    command = [sys.executable, "-c", program, store_url]
    environment = {"PYTHONPATH": str(REPOSITORY)}
    writers = [subprocess.Popen(command, env=environment) for _ in range(2)]
    seen = 0
    while any(writer.poll() is None for writer in writers):
        windows = store.windows("school-a", "room-12", START)
        assert [window.seq for window in windows] == list(range(len(windows)))
        assert len(windows) >= seen
        seen = len(windows)
    assert [writer.returncode for writer in writers] == [0, 0]
    assert len(store.windows("school-a", "room-12", START)) == 40


def test_a_store_is_opened_again_with_its_windows(store: Store, store_url: str) -> None:
    store.add_counts("school-a", counts(), datetime.now(timezone.utc))
    store.close()
    again = Store(store_url)
    assert len(again.windows("school-a", "room-12", START)) == 1
    again.close()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "expected a store such as sqlite:///data/counts.db"),
        ("mysql://db/counts", "expected a sqlite or postgresql store, got mysql://db/counts"),
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


def test_a_password_is_not_shown() -> None:
    with pytest.raises(StoreError) as caught:
        Store("postgresql://teacher:secret@127.0.0.1:1/counts")
    assert "secret" not in str(caught.value)
