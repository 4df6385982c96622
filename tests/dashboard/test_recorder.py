"""From a real broker into a real store: nothing lost, nothing twice, nothing believed."""

import logging
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from paho.mqtt import publish

from dashboard.broker import Broker, read_broker
from dashboard.recorder import Recorder
from dashboard.store import Store
from edge_agent.messages import Message
from tests.dashboard.device_messages import START, counts, health, status
from tests.support import PATIENCE_SECONDS, await_true, debian_program, free_port, running_mosquitto

pytestmark = pytest.mark.mosquitto
ROOM = "classroom/v1/school-a/room-12"


@contextmanager
def recording(store_url: str, port: int, broker: Broker | None = None) -> Iterator[None]:
    """A recorder at work, connected or not."""
    store = Store(store_url)
    recorder = Recorder(store, broker or read_broker(f"mqtt://127.0.0.1:{port}"))
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


def await_connected(store: Store) -> None:
    await_true(lambda: any(recorder.connected for recorder in store.recorders()))


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
        (f"{ROOM}/counts", b"\xff{", "counts", "Invalid JSON"),
        (f"{ROOM}/counts", b"", "counts", "Invalid JSON"),
        (f"{ROOM}/counts", b"x" * 5000, "counts", "at most 4096 bytes, got 5000"),
        (f"{ROOM}/health", b'{"a\\nb\\u0000": 1}', "health", "Field required"),
        (f"{ROOM}/status", counts().to_json(), "status", "and"),
        ("classroom/v1/school-a/room-13/counts", counts().to_json(), "counts", "'room-13'"),
        ("classroom/v1/School A/x/counts", counts().to_json(), "counts", "pattern"),
        (
            f"{ROOM}/counts",
            counts().to_json().replace(b"2026-01-31T08:00:00.000Z", b"0001-01-01T00:00:00+14:00"),
            "counts",
            "",
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
    assert rejected.kind == kind and reason in rejected.reason and rejected.reason.isprintable()
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


def test_what_the_store_refuses_is_sent_again(
    store: Store, store_url: str, mosquitto: int, caplog: pytest.LogCaptureFixture
) -> None:
    path = Path(store_url.removeprefix("sqlite:///"))
    with recording(store_url, mosquitto), caplog.at_level(logging.WARNING):
        await_connected(store)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("DROP TABLE windows")
            connection.commit()
        for seq in range(3):
            send(mosquitto, f"{ROOM}/counts", counts(seq))
        await_true(lambda: "no such table: windows" in caplog.text)
        Store(store_url).close()  # makes the table again
        await_true(lambda: seqs(store) == [0, 1, 2])


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


def test_tls_and_a_password_are_used_and_a_wrong_one_is_said(
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
    assert "wrong" not in caplog.text
