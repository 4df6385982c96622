"""The way out: JSON lines, and MQTT through a real broker."""

import contextlib
import io
import json
import logging
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_agent.config import Mqtt
from edge_agent.errors import BrokerError, ConfigError
from edge_agent.publisher import MqttPublisher, PrintPublisher
from tests.edge_agent.support import ROOM, Listener, counts, health, status
from tests.support import PATIENCE_SECONDS, await_true, debian_program, free_port, running_mosquitto


def never() -> bool:
    return False


def publisher(port: int, commands: list[str] | None = None, **settings: object) -> MqttPublisher:
    return MqttPublisher(
        Mqtt.model_validate({"port": port} | settings),
        site="my-school",
        device="room-101",
        will=status("offline", "connection_lost"),
        on_command=(commands if commands is not None else []).append,
    )


@contextmanager
def connected(
    port: int, commands: list[str] | None = None, **settings: object
) -> Iterator[MqttPublisher]:
    """A publisher that said online and will say stopped."""
    way = publisher(port, commands, **settings)
    way.connect(status(), stopping=never)
    yield way
    way.close(status("offline", "stopped"))


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
def test_a_wrong_login_is_told_without_the_password(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder, port = tmp_path / "broker", free_port()
    folder.mkdir()
    people = folder / "people"
    command = [debian_program("mosquitto_passwd"), "-c", "-b", str(people), "agent", "right"]
    subprocess.run(command, check=True)
    password = tmp_path / "password"
    with running_mosquitto(folder, port, f"allow_anonymous false\npassword_file {people}"):
        for wrong in ({}, {"username": "agent", "password_file": str(password)}):
            password.write_text("wrong-secret\n")
            way = publisher(port, **wrong)
            with (
                caplog.at_level(logging.DEBUG),
                pytest.raises(BrokerError, match="refuses this device") as caught,
            ):
                way.connect(status(), stopping=never)
            assert "secret" not in caplog.text + str(caught.value)
        password.write_text("right\n")
        with connected(port, username="agent", password_file=str(password)):
            pass


@pytest.mark.mosquitto
def test_tls_is_used_and_an_unknown_authority_refused(tmp_path: Path) -> None:
    folder, port = tmp_path / "broker", free_port()
    folder.mkdir()
    certificates = []
    for name in ("broker", "stranger"):
        certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
        request = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1"
        names = "-addext subjectAltName=IP:127.0.0.1"
        files = ["-keyout", str(key), "-out", str(certificate)]
        subprocess.run([*request.split(), *names.split(), *files], check=True, capture_output=True)
        certificates.append(certificate)
    options = f"allow_anonymous true\ncertfile {certificates[0]}\nkeyfile {folder / 'broker.key'}"
    with running_mosquitto(folder, port, options):
        with connected(port, ca_file=str(certificates[0])) as way:
            way.counts(counts())
            await_true(lambda: way.outbox_depth == 0)
        with pytest.raises(BrokerError, match="certificate verify failed"):
            publisher(port, ca_file=str(certificates[1])).connect(status(), stopping=never)


def test_files_of_the_login_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    for key in ("ca_file", "password_file"):
        with pytest.raises(ConfigError, match="missing: expected a readable file for mqtt"):
            publisher(1, username="me", **{key: missing})
    with pytest.raises(ConfigError, match="expected PEM certificates"):
        publisher(1, ca_file=__file__)
