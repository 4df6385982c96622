"""Recorders that die at any moment: every window is in the store, once, as it was sent."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from dashboard.records import Window
from dashboard.store import Store
from tests.dashboard.conftest import running_dashboard
from tests.dashboard.device_messages import START, counts
from tests.support import PATIENCE_SECONDS, await_true, free_port, running_mosquitto

pytestmark = pytest.mark.mosquitto
KILLS = 8
WINDOWS_A_LIFE = 1000


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[int]:
    """The port of a broker that drops nothing while a recorder is away."""
    port = free_port()
    options = "allow_anonymous true\nmax_queued_messages 0"
    with running_mosquitto(tmp_path / "mosquitto", port, options):
        yield port


@contextmanager
def device(port: int) -> Iterator[Client]:
    """A connected client with a thread of its own."""
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def publish(client: Client, seqs: range) -> None:
    """Sends windows with numbers of their own; returns before all have arrived."""
    for seq in seqs:
        message = counts(seq, happy=seq % 7, sad=seq % 11)
        client.publish("classroom/v1/school-a/room-12/counts", message.to_json(), qos=1)


def kept(store: Store) -> list[Window]:
    return store.windows("school-a", "room-12", START, limit=100_000)


def assert_all_as_sent(store: Store, number: int) -> None:
    sent = [counts(seq, happy=seq % 7, sad=seq % 11) for seq in range(number)]
    expected = [
        Window(
            boot_id=window.boot_id,
            seq=window.seq,
            started_at=window.window_start,
            ended_at=window.window_end,
            faces=window.faces,
            counts=window.counts.model_dump() if window.counts else None,
            uncertain=window.uncertain,
            suppressed=False,
        )
        for window in sent
    ]
    assert kept(store) == expected
    assert store.gaps(START - timedelta(days=1)) == []
    assert store.rejected() == []


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait(PATIENCE_SECONDS)


def test_a_recorder_killed_again_and_again_loses_and_doubles_nothing(
    store: Store, store_url: str, mosquitto: int
) -> None:
    command = ("record", "--broker", f"mqtt://127.0.0.1:{mosquitto}", "--store", store_url)
    with running_dashboard(*command):  # the broker keeps its session from now on
        await_true(lambda: any(recorder.connected for recorder in store.recorders()))
    with device(mosquitto) as client:
        for life in range(KILLS):
            before = len(kept(store))
            publish(client, range(life * WINDOWS_A_LIFE, (life + 1) * WINDOWS_A_LIFE))
            with running_dashboard(*command) as recorder:
                await_true(lambda: len(kept(store)) > before)  # noqa: B023
                kill(recorder)
        with running_dashboard(*command):
            await_true(lambda: len(kept(store)) == KILLS * WINDOWS_A_LIFE)
    assert_all_as_sent(store, KILLS * WINDOWS_A_LIFE)


def test_a_recorder_of_a_group_is_killed_and_comes_back(
    each_store_url: str, mosquitto: int
) -> None:
    store, number = Store(each_store_url), 2000
    command = ("record", "--broker", f"mqtt://127.0.0.1:{mosquitto}", "--store", each_store_url)
    command += ("--share", "group", "--client-id")
    with (
        running_dashboard(*command, "one") as killed,
        running_dashboard(*command, "two"),
        running_dashboard(*command, "three"),
        device(mosquitto) as client,
    ):
        await_true(lambda: sum(recorder.connected for recorder in store.recorders()) == 3)
        publish(client, range(number))
        await_true(lambda: kept(store))
        kill(killed)
        publish(client, range(number, 2 * number))
        with running_dashboard(*command, "one"):
            await_true(lambda: len(kept(store)) == 2 * number)
    assert_all_as_sent(store, 2 * number)
    store.close()
