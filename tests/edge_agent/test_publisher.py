"""The way out: JSON lines, and MQTT through a real broker."""

import contextlib
import io
import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_agent.errors import BrokerError
from edge_agent.home_assistant import discovery
from edge_agent.outbox import Outbox
from edge_agent.publisher import PrintPublisher
from tests.edge_agent.publishers import connected, never, publisher
from tests.edge_agent.support import ROOM, Listener, counts, health, status
from tests.support import PATIENCE_SECONDS, await_true, free_port, running_mosquitto


def test_printing_writes_a_json_line_a_message() -> None:
    stream = io.StringIO()
    way = PrintPublisher("my-school", "room-101", stream)
    way.connect(status(), stopping=never)
    way.counts(counts())
    way.health(health())
    way.close(status("offline", "stopped"))
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert lines == [
        {"topic": f"{ROOM}/status", "payload": json.loads(status().to_json())},
        {"topic": f"{ROOM}/counts", "payload": json.loads(counts().to_json())},
        {"topic": f"{ROOM}/health", "payload": json.loads(health().to_json())},
        {
            "topic": f"{ROOM}/status",
            "payload": json.loads(status("offline", "stopped").to_json()),
        },
    ]
    assert way.outbox_depth == 0


@pytest.mark.mosquitto
def test_all_arrives_in_order_and_nothing_else_does(mosquitto: int) -> None:
    with Listener(mosquitto) as listener:
        with connected(mosquitto) as way:
            for seq in range(100):
                way.counts(counts(seq))
            way.health(health())
        listener.await_state("offline", "stopped")
    kinds = [topic for topic, _, _ in listener.messages]
    assert set(kinds) == {f"{ROOM}/{kind}" for kind in ("status", "counts", "health")}
    windows = [payload for topic, payload, _ in listener.messages if topic == f"{ROOM}/counts"]
    assert windows == [counts(seq).to_json() for seq in range(100)]
    assert listener.contents("health") == [json.loads(health().to_json())]
    # The last word comes last.
    assert listener.states() == [("online", "started"), ("offline", "stopped")]
    assert (kinds[0], kinds[-1]) == (f"{ROOM}/status", f"{ROOM}/status")


@pytest.mark.mosquitto
def test_only_the_status_is_retained(mosquitto: int) -> None:
    with connected(mosquitto) as way, Listener(mosquitto) as before:
        way.counts(counts())
        way.health(health())
        before.await_counts(1)
        await_true(lambda: before.contents("health"))
    with Listener(mosquitto, "late") as listener:
        listener.send("end", b"")
        await_true(lambda: listener.messages[-1:] == [("end", b"", False)])
    expected = status("offline", "stopped").to_json()
    assert listener.messages[0] == (f"{ROOM}/status", expected, True)
    assert not {topic for topic, _, _ in listener.messages} & {f"{ROOM}/counts", f"{ROOM}/health"}


@pytest.mark.mosquitto
def test_commands_arrive_and_nonsense_does_not(
    mosquitto: int, caplog: pytest.LogCaptureFixture
) -> None:
    commands: list[str] = []
    with Listener(mosquitto) as listener:
        listener.send(f"{ROOM}/command", b'{"command": "pause"}', retain=True)
        with caplog.at_level(logging.DEBUG), connected(mosquitto, commands) as way:
            listener.await_state("online", "started")
            for nonsense in (
                b"",
                b"pause",
                b"\xff\x00",
                b"x" * 5000,
                b'{"command": "reboot"}',
                b'{"command": "pause", "who\\nERROR": 1}',
            ):
                listener.send(f"{ROOM}/command", nonsense)
            listener.send("classroom/v1/my-school/room-102/command", b'{"command": "pause"}')
            listener.send(f"{ROOM}/command", b'{"command": "resume"}')
            await_true(lambda: commands)
            way.counts(counts())
            listener.await_counts(1)
    assert commands == ["resume"]
    messages = [record.getMessage() for record in caplog.records]
    assert len([text for text in messages if "ignored a message" in text]) == 6
    assert all(text.isprintable() for text in messages)


@pytest.mark.mosquitto
def test_what_happens_while_the_broker_is_away_is_replayed_in_order(tmp_path: Path) -> None:
    port, folder = free_port(), tmp_path / "broker"
    with contextlib.ExitStack() as stack:
        with running_mosquitto(folder, port):
            listener = stack.enter_context(Listener(port))
            way = stack.enter_context(connected(port))
            for seq in range(5):
                way.counts(counts(seq))
            listener.await_counts(5)
            await_true(lambda: way.outbox_depth == 0)
        # The broker is away; the publisher may or may not know yet.
        for seq in range(5, 105):
            way.counts(counts(seq))
        way.health(health())
        way.status(status("paused", "command_pause"))
        assert way.outbox_depth == 100
        with running_mosquitto(folder, port):
            listener.await_counts(105)
            way.status(status("online", "command_resume"))
            listener.await_state("online", "command_resume")
            for seq in range(105, 110):
                way.counts(counts(seq))
            listener.await_counts(110)
            await_true(lambda: way.outbox_depth == 0)
    first_seen = {}
    for window in listener.contents("counts"):
        first_seen.setdefault(window["seq"], window)
    assert list(first_seen) == list(range(110))
    assert {seq for seq, window in first_seen.items() if window["replayed"]} == set(range(5, 105))
    # Old health is nobody's concern, and of the states only the last is.
    assert listener.contents("health") == []
    assert ("paused", "command_pause") in listener.states()


@pytest.mark.mosquitto
def test_a_broker_may_come_late(tmp_path: Path) -> None:
    port = free_port()
    way = publisher(port, wait_for_broker=True)
    way.connect(status(), stopping=never)
    way.counts(counts(0))
    with running_mosquitto(tmp_path / "broker", port), Listener(port) as listener:
        listener.await_counts(1)
        way.close(status("offline", "stopped"))
        listener.await_state("offline", "stopped")
    assert [window["replayed"] for window in listener.contents("counts")] == [True]


@pytest.mark.mosquitto
def test_a_connection_that_comes_back_says_so(tmp_path: Path) -> None:
    port, folder = free_port(), tmp_path / "broker"
    with contextlib.ExitStack() as stack:
        with running_mosquitto(folder, port):
            stack.enter_context(connected(port))
        with running_mosquitto(folder, port), Listener(port) as listener:
            listener.await_state("online", "reconnected")
            stack.close()
            listener.await_state("offline", "stopped")


@pytest.mark.mosquitto
def test_many_windows_from_another_thread_all_arrive(mosquitto: int) -> None:
    with Listener(mosquitto) as listener, connected(mosquitto) as way:

        def put() -> None:
            # Fewer than Mosquitto queues for a slow subscriber before it drops some.
            for seq in range(500):
                way.counts(counts(seq))
                way.status(status())

        thread = threading.Thread(target=put)
        thread.start()
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()
        await_true(lambda: way.outbox_depth == 0)
        payloads: list[bytes] = []

        def arrived() -> bool:
            payloads[:] = [p for topic, p, _ in list(listener.messages) if "/counts" in topic]
            return len(payloads) == 500

        await_true(arrived)
    assert [json.loads(payload)["seq"] for payload in payloads] == list(range(500))


@contextmanager
def listening(answer: bytes | None) -> Iterator[int]:
    """A port of something that is no broker: it answers and closes, or, for None, keeps silent."""
    server = socket.create_server(("127.0.0.1", 0))
    held: list[socket.socket] = []

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                held.append(connection)
                if answer is not None:
                    connection.recv(1000)
                    connection.sendall(answer)
                    connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(PATIENCE_SECONDS)
        for connection in held:
            connection.close()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"", "it closed the connection"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "got: "),
        (b"\x20\x00", "got: "),
        (b"\x20\x02\x00\x02", "it refuses this device"),
        (b"\x20\x02\x00\x05", "it refuses this device"),
        (b"\xff" * 100, "got: "),
        (None, "no answer"),
    ],
)
def test_what_is_no_broker_is_told(answer: bytes | None, words: str) -> None:
    with listening(answer) as port:
        way = publisher(port)
        with pytest.raises(
            BrokerError, match=f"127.0.0.1:{port}: expected an MQTT broker.*{words}"
        ):
            way.connect(status(), stopping=never)


def test_no_broker_is_told() -> None:
    with pytest.raises(BrokerError, match="got: Connection refused"):
        publisher(free_port()).connect(status(), stopping=never)


def test_waiting_for_a_broker_can_be_ended() -> None:
    with listening(None) as port:
        way = publisher(port)
        way.connect(status(), stopping=lambda: True)
        way.close(status("offline", "stopped"))


@pytest.mark.mosquitto
def test_another_broker_takes_over(tmp_path: Path) -> None:
    first, second = free_port(), free_port()
    with contextlib.ExitStack() as stack:
        with running_mosquitto(tmp_path / "first", first):
            way = stack.enter_context(connected(first, fallback=[f"localhost:{second}"]))
            way.counts(counts(0))
            await_true(lambda: way.outbox_depth == 0)
        with running_mosquitto(tmp_path / "second", second), Listener(second) as listener:
            listener.await_state("online", "reconnected")
            way.counts(counts(1))
            await_true(lambda: way.outbox_depth == 0)
            # The first broker had acknowledged it, but may not have passed it on.
            windows = [(w["seq"], w["replayed"]) for w in listener.contents("counts")]
            assert windows == [(0, True), (1, False)]
            stack.close()
            listener.await_state("offline", "stopped")


@contextmanager
def deaf_proxy(port: int) -> Iterator[tuple[int, threading.Event]]:
    """A way to a broker that, once told so, passes on nothing more from it, and keeps the links."""
    server = socket.create_server(("127.0.0.1", 0))
    links: list[socket.socket] = []
    deaf = threading.Event()

    def pump(source: socket.socket, target: socket.socket, stops: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                if not (stops and deaf.is_set()):
                    target.sendall(data)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = server.accept()
                broker = socket.create_connection(("127.0.0.1", port))
                links.extend([client, broker])
                for arguments in ((client, broker, False), (broker, client, True)):
                    threading.Thread(target=pump, args=arguments, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield server.getsockname()[1], deaf
    finally:
        for link in (server, *links):
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
            link.close()


@pytest.mark.mosquitto
def test_a_link_on_which_nothing_answers_is_given_up(
    mosquitto: int, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        Listener(mosquitto) as listener,
        deaf_proxy(mosquitto) as (port, deaf),
        connected(port, keepalive_seconds=5) as way,
    ):
        listener.await_state("online", "started")
        deaf.set()
        way.counts(counts(0))
        await_true(lambda: f"no connection to 127.0.0.1:{port}: no answer" in caplog.text)
        deaf.clear()
        await_true(lambda: way.outbox_depth == 0)
    assert [window["replayed"] for window in listener.contents("counts")] == [False, True]


@pytest.mark.mosquitto
def test_a_long_outage_is_replayed_at_the_pace_of_the_settings(tmp_path: Path) -> None:
    port = free_port()
    way = publisher(port, wait_for_broker=True, replay_per_second=20)
    for seq in range(30):
        way.counts(counts(seq))
    with running_mosquitto(tmp_path / "broker", port), Listener(port) as listener:
        began = time.monotonic()
        way.connect(status(), stopping=never)
        listener.await_counts(30)
        # However slow this machine is, it takes at least so long.
        assert time.monotonic() - began > 28 / 20
        way.close(status("offline", "stopped"))


@pytest.mark.mosquitto
def test_what_waited_on_the_disk_is_delivered_by_the_next_start(tmp_path: Path) -> None:
    port = free_port()
    for boot in range(2):
        way = publisher(port, Outbox(tmp_path / "outbox.db"), wait_for_broker=True)
        way.counts(counts(0, boot_id=f"{boot:032x}"))
        if boot == 0:
            way.connect(status(), stopping=never)
            way.close(status("offline", "stopped"))
    with running_mosquitto(tmp_path / "broker", port), Listener(port) as listener:
        way.connect(status(), stopping=never)
        await_true(lambda: len(listener.contents("counts")) == 2)
        way.close(status("offline", "stopped"))
        windows = listener.contents("counts")
    assert [(int(window["boot_id"]), window["replayed"]) for window in windows] == [
        (0, True),
        (1, True),
    ]


@pytest.mark.mosquitto
def test_an_announcement_is_retained(mosquitto: int) -> None:
    announcement = discovery("my-school", "room-101", window_seconds=5, health_seconds=60)
    way = publisher(mosquitto, announcement=announcement)
    way.connect(status(), stopping=never)
    way.close(status("offline", "stopped"))
    with Listener(mosquitto) as listener:
        await_true(lambda: (*announcement, True) in listener.messages)
