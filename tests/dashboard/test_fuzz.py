"""Wrong messages by the thousand: all counted, none believed, and the good ones unharmed."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from dashboard.records import Window
from dashboard.store import Store
from edge_agent.messages import Counts, MessageError, parse
from tests.dashboard.device_messages import START, counts, health, status
from tests.dashboard.strangers import GOOD, STRANGER, is_surely_wrong, wrong_messages
from tests.support import PATIENCE_SECONDS, REPOSITORY, await_true, free_port, running_mosquitto

pytestmark = pytest.mark.mosquitto
ROOM = "classroom/v1/school-a/room-12"
GOOD_EVERY = 10
IN_FLIGHT = 1000
LOG_LINES = 20
GROWTH_BYTES = 64e6


def good(seq: int) -> Counts:
    return counts(seq, happy=seq % 7, sad=seq % 11)


def kept(store: Store) -> list[Window]:
    return store.windows("school-a", "room-12", START, limit=1_000_000)


@pytest.mark.parametrize("number", [2000, pytest.param(100_000, marks=pytest.mark.long)])
def test_wrong_messages_are_counted_and_the_good_ones_kept(
    store: Store, store_url: str, tmp_path: Path, number: int
) -> None:
    log, port = tmp_path / "recorder.log", free_port()
    command = [sys.executable, "-m", "dashboard", "record", "--store", store_url]
    command += ["--broker", f"mqtt://127.0.0.1:{port}"]
    unbounded = "allow_anonymous true\nmax_queued_messages 0"
    with running_mosquitto(tmp_path / "mosquitto", port, unbounded), log.open("w") as terminal:
        recorder = subprocess.Popen(
            command, cwd=REPOSITORY, stdout=terminal, stderr=subprocess.STDOUT
        )
        try:
            await_true(lambda: any(recorder.connected for recorder in store.recorders()))
            memory = psutil.Process(recorder.pid).memory_info
            before = memory().rss
            sent = send_all(port, number)
            await_true(lambda: sum(row.times for row in store.rejected()) >= number, patience=300)
            await_true(lambda: len(kept(store)) >= sent and store.rooms()[0].health)
            grown = memory().rss - before
        finally:
            recorder.terminate()
            recorder.wait(PATIENCE_SECONDS)
    assert recorder.returncode == 0
    assert [(w.seq, w.counts) for w in kept(store)] == [
        (seq, good(seq).counts.model_dump()) for seq in range(sent)
    ]
    assert [(r.name, r.status, r.health) for r in store.rooms()] == [
        ("school-a/room-12", status(), health())
    ]
    assert sum(row.times for row in store.rejected()) == number
    assert all(row.reason.isprintable() for row in store.rejected())
    assert len(store.rejected()) < 100
    text = log.read_text()
    lines = text.splitlines()
    assert len(lines) < LOG_LINES and max(map(len, lines)) < 500
    assert "Traceback" not in text
    assert grown < GROWTH_BYTES


def send_all(port: int, number: int) -> int:
    """Sends so many wrong messages and good ones among them; returns the number of good windows."""
    client = Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(IN_FLIGHT)
    client.connect("127.0.0.1", port)
    client.loop_start()
    sent = 0
    for index, (topic, payload) in enumerate(wrong_messages(number)):
        handed = client.publish(topic, payload, qos=1)
        if index % GOOD_EVERY == 0:
            client.publish(f"{ROOM}/counts", good(sent).to_json(), qos=1)
            sent += 1
        if index % IN_FLIGHT == 0:
            handed.wait_for_publish(PATIENCE_SECONDS)
    client.publish(f"{ROOM}/status", status().to_json(), qos=1)
    client.publish(f"{ROOM}/health", health().to_json(), qos=1).wait_for_publish(PATIENCE_SECONDS)
    client.disconnect()
    client.loop_stop()
    return sent


def test_what_is_called_wrong_is_wrong_and_what_is_good_is_not() -> None:
    for kind, payload in GOOD.items():
        assert not is_surely_wrong(f"{STRANGER}/{kind}", payload)
    assert is_surely_wrong(f"{STRANGER}/counts", GOOD["status"])


def test_of_a_key_that_comes_twice_the_last_is_checked_and_believed() -> None:
    payload = GOOD["counts"].replace(b'"seq":0', b'"seq":-1,"seq":7')
    assert parse(f"{STRANGER}/counts", payload) == counts(0, device="stranger").model_copy(
        update={"seq": 7}
    )
    with pytest.raises(MessageError, match="greater than or equal to 0, got -1"):
        parse(f"{STRANGER}/counts", GOOD["counts"].replace(b'"seq":0', b'"seq":7,"seq":-1'))
