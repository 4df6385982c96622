"""The pages' own subscription, and commands, over a real broker."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from dashboard import feed
from dashboard.broker import read_broker
from dashboard.feed import Feed
from dashboard.store import Store
from dashboard.watch import Watch
from tests.dashboard.conftest import batch_for
from tests.dashboard.device_messages import BOOT, WINDOW, counts
from tests.dashboard.pages import ROOM, SITE, device, fill_recent
from tests.support import await_true, free_port, running_mosquitto

pytestmark = pytest.mark.mosquitto
HERE = (SITE, ROOM)


@contextmanager
def listening(port: int) -> Iterator[Feed]:
    """A feed that has subscribed."""
    opened = Feed(read_broker(f"mqtt://127.0.0.1:{port}"))
    try:
        await_true(lambda: opened.connected)
        yield opened
    finally:
        opened.close()


def test_a_window_and_a_status_are_heard_at_once(mosquitto: int) -> None:
    with listening(mosquitto) as heard, device(mosquitto) as one:
        one.put(happy=4, uncertain=2)
        await_true(lambda: heard.heard(*HERE).windows)
        known = heard.heard(*HERE)
        assert [(w.faces, w.uncertain, w.boot_id) for w in known.windows] == [(6, 2, BOOT)]
        assert known.status is not None and known.status.state == "online"
        assert known.answered_at is not None
        one.put()
        await_true(lambda: heard.version(*HERE) > known.version)
        assert heard.version("school-a", "room-99") == 0


def test_what_the_broker_remembers_is_no_answer(mosquitto: int) -> None:
    with device(mosquitto), listening(mosquitto) as heard:
        await_true(lambda: heard.heard(*HERE).status)
        assert heard.heard(*HERE).answered_at is None


def test_strangers_messages_change_nothing(mosquitto: int) -> None:
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", mosquitto)
    client.loop_start()
    try:
        with listening(mosquitto) as heard, device(mosquitto) as one:
            topic = f"classroom/v1/{SITE}/{ROOM}/counts"
            for payload in (b"", b"{", b"\xff", b'{"pixels": [1]}', b"x" * 5000):
                client.publish(topic, payload, qos=1).wait_for_publish(10)
            client.publish("classroom/v1/<b>/x/counts", b"{}", qos=1).wait_for_publish(10)
            one.put()
            await_true(lambda: heard.heard(*HERE).windows)
            assert len(heard.heard(*HERE).windows) == 1 and heard.connected
    finally:
        client.disconnect()
        client.loop_stop()


def test_the_memory_is_bounded(mosquitto: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "ROOMS_KEPT", 1)
    with listening(mosquitto) as heard, device(mosquitto, device="room-1") as first:
        now = datetime.now(timezone.utc)
        for number in range(feed.WINDOWS_KEPT + 5):
            first.put(end=now + number * timedelta(milliseconds=1))
        await_true(lambda: len(heard.heard(SITE, "room-1").windows) == feed.WINDOWS_KEPT)
        await_true(lambda: heard.version(SITE, "room-1") >= feed.WINDOWS_KEPT + 5)
        assert len(heard.heard(SITE, "room-1").windows) == feed.WINDOWS_KEPT
        with device(mosquitto, device="room-2") as second:
            second.put()
            await_true(lambda: heard.heard(SITE, "room-2").windows)
            assert heard.version(SITE, "room-1") == 0


def test_a_device_is_paused_and_answers(mosquitto: int) -> None:
    with device(mosquitto) as one, listening(mosquitto) as heard:
        assert heard.command(*HERE, "pause")
        await_true(lambda: heard.heard(*HERE).answered_at)
        status = heard.heard(*HERE).status
        assert status is not None and status.state == "paused"
        assert one.commands == ["pause"]


def test_nothing_is_sent_without_a_broker_and_it_is_found_again(tmp_path: Path) -> None:
    port = free_port()
    opened = Feed(read_broker(f"mqtt://127.0.0.1:{port}"))
    try:
        assert not opened.connected and not opened.command(*HERE, "pause")
        for number in range(2):  # it comes, goes, and comes again
            with running_mosquitto(tmp_path / f"broker-{number}", port):
                await_true(lambda: opened.connected)
            await_true(lambda: not opened.connected)
            assert not opened.command(*HERE, "pause")
    finally:
        opened.close()


def test_the_store_and_the_broker_together_make_a_room(mosquitto: int, store: Store) -> None:
    now = datetime.now(timezone.utc)
    fill_recent(store, now - timedelta(seconds=20), minutes=2)
    with listening(mosquitto) as heard, device(mosquitto) as one:
        watch = Watch(store, heard)
        (room,) = watch.rooms()
        stored = watch.view(room)
        assert len(stored.recent) == timedelta(minutes=2) / WINDOW and stored.listening
        assert not stored.kept(now), "no recorder is at work"
        one.put(happy=5)
        await_true(lambda: watch.view(room).newest != stored.newest)
        view = watch.view(room)
        assert len(view.recent) == len(stored.recent) + 1
        assert view.newest == view.recent[-1] and view.newest.counts is not None
        assert view.newest.counts["happy"] == 5
        assert view.situation(datetime.now(timezone.utc)).kind == "live"


def test_a_window_that_is_stored_too_is_there_once(mosquitto: int, store: Store) -> None:
    now = datetime.now(timezone.utc)
    with listening(mosquitto) as heard, device(mosquitto) as one:
        one.put(end=now)
        await_true(lambda: heard.heard(*HERE).windows)
        with batch_for(store) as batch:
            batch.add_counts(SITE, counts(0, end=now, device=ROOM), now)
        watch = Watch(store, heard)
        (room,) = watch.rooms()
        assert len(watch.view(room).recent) == 1
