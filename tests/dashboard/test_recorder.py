"""From a real broker into a real store: nothing lost, nothing twice, nothing believed."""

import logging
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import publish

import dashboard.database
import dashboard.inbox
import dashboard.recorder
from dashboard.broker import Broker, read_broker
from dashboard.recorder import Recorder
from dashboard.store import Store
from edge_agent.messages import Message
from tests.dashboard.device_messages import START, counts, health, status
from tests.dashboard.postgresql import PostgreSQL
from tests.support import PATIENCE_SECONDS, await_true, debian_program, free_port, running_mosquitto

pytestmark = pytest.mark.mosquitto
ROOM = "classroom/v1/school-a/room-12"


@contextmanager
def recording(
    store_url: str, port: int, broker: Broker | None = None, **options: Any
) -> Iterator[None]:
    """A recorder at work, connected or not."""
    store = Store(store_url)
    recorder = Recorder(store, broker or read_broker(f"mqtt://127.0.0.1:{port}"), **options)
    thread = threading.Thread(target=recorder.run)
    thread.start()
    try:
        yield
    finally:
        recorder.stop()
        thread.join(PATIENCE_SECONDS)
        store.close()
        assert not thread.is_alive()


def send(port: int, topic: str, message: Message | bytes, *, retain: bool = False) -> None:
    """Publishes and returns once the broker has it."""
    payload = message if isinstance(message, bytes) else message.to_json()
    publish.single(topic, payload, qos=1, retain=retain, hostname="127.0.0.1", port=port)


def await_connected(store: Store, number: int = 1) -> None:
    await_true(lambda: sum(recorder.connected for recorder in store.recorders()) == number)


def seqs(store: Store) -> list[int]:
    return [window.seq for window in store.windows("school-a", "room-12", START)]


def test_all_that_a_device_says_is_kept_once(store: Store, store_url: str, mosquitto: int) -> None:
    send(mosquitto, f"{ROOM}/status", status(), retain=True)
    with recording(store_url, mosquitto):
        await_connected(store)
        for seq in (0, 1, 1, 0, 2):
            send(mosquitto, f"{ROOM}/counts", counts(seq))
        send(mosquitto, f"{ROOM}/health", health())
        await_true(lambda: store.rooms() and store.rooms()[0].health)
    assert seqs(store) == [0, 1, 2]
    (room,) = store.rooms()
    assert (room.name, room.status, room.health) == ("school-a/room-12", status(), health())
    assert store.recorders() == []


@pytest.mark.parametrize(
    ("topic", "payload", "kind", "reason"),
    [
        (f"{ROOM}/counts", b"\xff{", "counts json_invalid", "Invalid JSON"),
        (f"{ROOM}/counts", b"", "counts json_invalid", "Invalid JSON"),
        (f"{ROOM}/counts", b"x" * 5000, "counts too_long", "at most 4096 bytes, got 5000"),
        (f"{ROOM}/health", b'{"a\\nb\\u0000": 1}', "health missing", "Field required"),
        (f"{ROOM}/status", counts().to_json(), "status missing", "and"),
        (
            "classroom/v1/school-a/room-13/counts",
            counts().to_json(),
            "counts other_device",
            "'room-13'",
        ),
        ("classroom/v1/School A/x/counts", counts().to_json(), "counts topic", "pattern"),
        (
            f"{ROOM}/counts",
            counts().to_json().replace(b"2026-01-31T08:00:00.000Z", b"0001-01-01T00:00:00+14:00"),
            "counts value_error",
            "window_start must be a moment from the year 2020 on",
        ),
    ],
)
def test_a_strange_message_is_refused_with_the_reason_and_the_next_is_kept(
    store: Store, store_url: str, mosquitto: int, topic: str, payload: bytes, kind: str, reason: str
) -> None:
    with recording(store_url, mosquitto):
        await_connected(store)
        send(mosquitto, topic, payload)
        send(mosquitto, f"{ROOM}/counts", counts(5))
        await_true(lambda: seqs(store) == [5])
    (rejected,) = store.rejected()
    assert f"{rejected.kind} {rejected.cause}" == kind
    assert reason in rejected.reason and rejected.reason.isprintable()
    assert len(store.rooms()) == 1


def test_refusals_are_logged_sparingly(
    store: Store, store_url: str, mosquitto: int, caplog: pytest.LogCaptureFixture
) -> None:
    with recording(store_url, mosquitto), caplog.at_level(logging.WARNING):
        await_connected(store)
        for _ in range(20):
            send(mosquitto, f"{ROOM}/counts", b"nonsense")
        await_true(lambda: store.rejected() and store.rejected()[0].times == 20)
    assert len([r for r in caplog.records if "refused" in r.getMessage()]) == 1


def test_what_is_sent_while_the_recorder_is_away_arrives_later(
    store: Store, store_url: str, mosquitto: int
) -> None:
    with recording(store_url, mosquitto):
        await_connected(store)
    for seq in range(30):
        send(mosquitto, f"{ROOM}/counts", counts(seq))
    assert seqs(store) == []
    with recording(store_url, mosquitto):
        await_true(lambda: seqs(store) == list(range(30)))


def test_recorders_of_a_group_divide_the_windows_and_each_knows_every_state(
    store: Store, store_url: str, mosquitto: int
) -> None:
    send(mosquitto, f"{ROOM}/status", status(), retain=True)
    # A session that has read everything before it joins the group.
    with recording(store_url, mosquitto, client_id="one"):
        await_true(store.rooms)
    with recording(store_url, mosquitto, client_id="one", share="group"):
        with recording(store_url, mosquitto, client_id="two", share="group"):
            await_connected(store, 2)
        for seq in range(100):
            send(mosquitto, f"{ROOM}/counts", counts(seq))
        # In order, and read by each: what the first was given lies before it.
        send(mosquitto, f"{ROOM}/status", status("paused", "command_pause"))
        await_true(lambda: store.rooms()[0].status == status("paused", "command_pause"))
        assert 0 < len(seqs(store)) < 100
    with recording(store_url, mosquitto, client_id="two", share="group"):
        await_true(lambda: seqs(store) == list(range(100)))


def test_a_locked_store_is_awaited_on_a_connection_that_stays(
    store: Store,
    store_url: str,
    mosquitto: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(dashboard.database, "BUSY_SECONDS", 0.2)
    monkeypatch.setattr(dashboard.recorder, "_KEEPALIVE_SECONDS", 2)
    path = store_url.removeprefix("sqlite:///")
    with (
        recording(store_url, mosquitto),
        caplog.at_level(logging.INFO),
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        await_connected(store)
        other.execute("BEGIN EXCLUSIVE")
        for seq in range(30):
            send(mosquitto, f"{ROOM}/counts", counts(seq))
        await_true(lambda: "(database is locked)" in caplog.text)
        # Longer than a broker waits for a sign of life.
        until = time.monotonic() + 4
        await_true(lambda: time.monotonic() > until)
        assert seqs(store) == []
        other.execute("COMMIT")
        await_true(lambda: seqs(store) == list(range(30)))
        await_true(lambda: f"The store {store.name} is back." in caplog.text)
        await_connected(store)
    assert "closed the connection" not in caplog.text
    assert caplog.text.count("database is locked") == 1


def test_memory_is_bounded_while_the_store_is_away(
    store: Store,
    store_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(dashboard.database, "BUSY_SECONDS", 0.2)
    monkeypatch.setattr(dashboard.inbox, "_MOST_WAITING", 50)
    port, path = free_port(), store_url.removeprefix("sqlite:///")
    options = "allow_anonymous true\nmax_inflight_messages 0"
    with (
        running_mosquitto(tmp_path / "mosquitto", port, options),
        recording(store_url, port),
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        await_connected(store)
        other.execute("BEGIN EXCLUSIVE")
        for seq in range(60):
            send(port, f"{ROOM}/counts", counts(seq))
        await_true(lambda: "messages wait for the store" in caplog.text)
        other.execute("COMMIT")
        await_true(lambda: seqs(store) == list(range(60)))


@pytest.mark.postgresql
def test_postgresql_may_go_and_come_back(
    postgresql: PostgreSQL,
    postgresql_url: str,
    mosquitto: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = Store(postgresql_url)
    with recording(postgresql_url, mosquitto), caplog.at_level(logging.INFO):
        await_connected(store)
        send(mosquitto, f"{ROOM}/counts", counts(0))
        await_true(lambda: seqs(store) == [0])
        postgresql.stop()
        try:
            for seq in range(1, 30):
                send(mosquitto, f"{ROOM}/counts", counts(seq))
            await_true(lambda: "cannot be used" in caplog.text)
        finally:
            postgresql.start()
        await_true(lambda: seqs(store) == list(range(30)))
        await_true(lambda: "is back." in caplog.text)
    assert "closed the connection" not in caplog.text
    store.close()


def test_a_broker_may_come_late_and_go_for_a_while(
    store: Store, store_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    port, folder = free_port(), tmp_path / "mosquitto"
    with caplog.at_level(logging.WARNING), recording(store_url, port):
        await_true(lambda: "cannot be reached" in caplog.text)
        for seq in range(2):
            with running_mosquitto(folder, port):
                await_connected(store)
                send(port, f"{ROOM}/counts", counts(seq))
                await_true(lambda: len(seqs(store)) == seq + 1)  # noqa: B023
            await_true(lambda: not any(r.connected for r in store.recorders()))
    assert seqs(store) == [0, 1]


def test_tls_a_password_and_a_certificate_are_used_and_what_is_wrong_is_said(
    store: Store,
    store_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    folder, port = tmp_path / "mosquitto", free_port()
    folder.mkdir()
    certificate, key, people = (folder / name for name in ("cert.pem", "key.pem", "people"))
    request = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1"
    names = "-addext subjectAltName=IP:127.0.0.1"
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*request.split(), *names.split(), *files], check=True, capture_output=True)
    passwords = debian_program("mosquitto_passwd")
    subprocess.run([passwords, "-c", "-b", str(people), "recorder", "right"], check=True)
    options = f"certfile {certificate}\nkeyfile {key}\npassword_file {people}"
    url = f"mqtts://127.0.0.1:{port}"
    with running_mosquitto(folder, port, options), caplog.at_level(logging.WARNING):
        monkeypatch.setenv("MQTT_PASSWORD", "right")
        with recording(store_url, port, read_broker(url, username="recorder")):
            await_true(lambda: "certificate verify failed" in caplog.text)
        trusting = read_broker(url, tls_ca=certificate, username="recorder")
        with recording(store_url, port, trusting):
            await_connected(store)
        monkeypatch.setenv("MQTT_PASSWORD", "wrong")
        wrong = read_broker(url, tls_ca=certificate, username="recorder")
        with recording(store_url, port, wrong):
            await_true(lambda: "refused the recorder (Not authorized)" in caplog.text)
    options = f"certfile {certificate}\nkeyfile {key}\ncafile {certificate}\n"
    options += "require_certificate true\nallow_anonymous true"
    with running_mosquitto(folder, port, options):
        ours = read_broker(url, tls_ca=certificate, tls_cert=certificate, tls_key=key)
        with recording(store_url, port, ours):
            await_connected(store)
    assert "wrong" not in caplog.text


def test_another_node_takes_over(store: Store, store_url: str, tmp_path: Path) -> None:
    first, second = free_port(), free_port()
    others = [read_broker(f"mqtt://127.0.0.1:{second}")]
    with ExitStack() as stack:
        with running_mosquitto(tmp_path / "first", first):
            stack.enter_context(recording(store_url, first, others=others))
            await_connected(store)
            send(first, f"{ROOM}/counts", counts(0))
            await_true(lambda: seqs(store) == [0])
        with running_mosquitto(tmp_path / "second", second):
            await_true(lambda: _subscribed(second, store))
            send(second, f"{ROOM}/counts", counts(1))
            await_true(lambda: seqs(store) == [0, 1])


def _subscribed(port: int, store: Store) -> bool:
    """Whether a status sent to a broker arrives in the store."""
    send(port, "classroom/v1/school-a/room-99/status", status())
    return "school-a/room-99" in {room.name for room in store.rooms()}
