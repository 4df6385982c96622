"""Strangers and insiders who want more than is theirs: refused, and the good ones unharmed.

One broker, one recorder and one good device live through all of it; after each attack, every
window of the device must be in the store, once and in order.
"""

import os
import random
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from deploy.certificates import authority
from edge_agent.errors import BrokerError
from edge_agent.messages import Command
from tests.deploy.support import (
    Client,
    Device,
    Recording,
    School,
    client,
    device,
    login,
    publisher,
    recording,
    running_school,
)
from tests.edge_agent.support import counts, status
from tests.support import PATIENCE_SECONDS, await_true, debian_program

pytestmark = pytest.mark.mosquitto
GOOD, INSIDER = "my-school/room-101", "my-school/room-102"
TOPIC = f"classroom/v1/{GOOD}"
PAUSE = Command(command="pause").to_json()
SECRET = "picture-of-a-class"
PICTURE = SECRET.encode()
LINES, LINE_BYTES = 4, 200
"""What the log may say about one refused connection, at most."""


class Scene:
    """A school at work, with a good device whose windows are all accounted for."""

    def __init__(self, folder: Path, school: School, recorder: Recording, room: Device) -> None:
        self.folder, self.school, self.recorder, self.room = folder, school, recorder, room
        self.port = school.certificate_port

    @contextmanager
    def attack(self, *, connections: int) -> Iterator[None]:
        """Windows before, during and after it all arrive, and the log stays short and mute."""
        before, already = self.school.log(), self.known()
        self.room.put(5)
        yield
        self.room.put(5)
        self.recorder.await_windows(self.room.sent)
        assert self.known() == already
        said = self.school.log()[len(before) :]
        assert said.count("\n") <= LINES * connections
        assert len(said) <= LINES * LINE_BYTES * connections
        assert SECRET not in said
        # Nobody threw the device off the broker.
        assert f"{GOOD} " not in said

    def known(self) -> tuple[list[str], int]:
        """The rooms that the recorder knows, and how much it has refused."""
        store = self.recorder.store
        return [room.name for room in store.rooms()], sum(one.times for one in store.rejected())


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    debian_program("mosquitto")
    folder = tmp_path_factory.mktemp("strangers")
    with running_school(folder) as school:
        for name, password in (("my-school/room-103", "right"), ("my-school/+", "right")):
            school.add_password(name, password)
        school.files("my-school/room-104")
        school.authority.revoke("my-school/room-104")
        school.install()
        school.restart()
        with (
            recording(folder, school) as recorder,
            device(school.certificate_port, **school.login(GOOD)) as room,
        ):
            room.put()
            recorder.await_windows(1)
            yield Scene(folder, school, recorder, room)


def no_certificate(scene: Scene) -> dict[str, str]:
    return {"ca_file": scene.school.login(GOOD)["ca_file"]}


def wrong_authority(scene: Scene) -> dict[str, str]:
    folder = scene.folder / "wrong"
    authority.create(folder, ["broker.example"], days=30)
    files = authority.Authority(folder).issue(GOOD, days=30)
    return login(files) | no_certificate(scene)


def expired(scene: Scene) -> dict[str, str]:
    past = datetime.now(timezone.utc) - timedelta(days=3)
    return login(scene.school.authority.issue("my-school/room-105", days=2, starting=past))


def not_yet_valid(scene: Scene) -> dict[str, str]:
    future = datetime.now(timezone.utc) + timedelta(days=3)
    return login(scene.school.authority.issue("my-school/room-106", days=2, starting=future))


def revoked(scene: Scene) -> dict[str, str]:
    return scene.school.login("my-school/room-104")


def of_the_broker(scene: Scene) -> dict[str, str]:
    return scene.school.login("_broker")


@pytest.mark.parametrize(
    ("stranger", "told", "logged"),
    [
        (no_certificate, "it wants a certificate", "peer did not return a certificate"),
        (wrong_authority, "does not know the authority", "certificate verify failed"),
        (expired, "has expired", "certificate verify failed"),
        (not_yet_valid, "refuses this device's certificate", "certificate verify failed"),
        (revoked, "is revoked", "certificate verify failed"),
        (of_the_broker, "expected an MQTT broker", "certificate verify failed"),
    ],
)
def test_a_device_without_a_good_certificate_is_refused_and_told_why(
    scene: Scene, stranger: Callable[[Scene], dict[str, str]], told: str, logged: str
) -> None:
    settings = stranger(scene)
    before = len(scene.school.log())
    with scene.attack(connections=1):
        refused = publisher(scene.port, "room-104", **settings)
        with pytest.raises(BrokerError, match=told):
            refused.connect(status(), stopping=lambda: False)
    assert logged in scene.school.log()[before:]


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("my-school/room-103", "wrong"),
        ("my-school/room-199", "right"),
        ("", ""),
        ("my-school/#", "right"),
        ("my-school/room-103/../room-101", "right"),
        (GOOD, ""),
    ],
)
def test_a_wrong_name_or_password_is_refused(scene: Scene, name: str, password: str) -> None:
    with scene.attack(connections=1):
        given = (name, password) if name else None
        with client(scene.school.password_port, scene.school.context(None), login=given) as one:
            assert one.answer == "Not authorized"


def test_a_name_with_a_wildcard_may_do_nothing(scene: Scene) -> None:
    given = ("my-school/+", "right")
    with (
        scene.attack(connections=30),
        client(scene.school.password_port, scene.school.context(None), login=given) as one,
    ):
        one.subscribe("classroom/v1/my-school/+/counts")
        one.publish(f"{TOPIC}/counts", counts(9_999).to_json())
        scene.room.put(5)
        scene.recorder.await_windows(scene.room.sent)
        assert one.messages == []


def test_the_certificate_counts_and_not_the_name_that_a_device_gives_itself(scene: Scene) -> None:
    context = scene.school.context(INSIDER)
    with (
        scene.attack(connections=1),
        client(scene.port, context, client_id="my-school:room-101", login=(GOOD, "")) as one,
    ):
        assert one.answer == "Success"
        one.publish(f"{TOPIC}/counts", counts(9_999).to_json())


@pytest.mark.parametrize("client_id", ["my-school:room-101", GOOD, "_recorder", ""])
def test_the_client_id_of_another_throws_nobody_off(scene: Scene, client_id: str) -> None:
    with (
        scene.attack(connections=1),
        client(scene.port, scene.school.context(INSIDER), client_id=client_id) as one,
    ):
        assert one.answer == "Success"
    assert "already connected" not in scene.school.log()


@pytest.mark.parametrize("kind", ["status", "counts", "health", "command", "x/command", "x"])
@pytest.mark.parametrize("retain", [False, True])
def test_another_devices_topic_is_not_written(scene: Scene, kind: str, retain: bool) -> None:
    with scene.attack(connections=2):
        with client(scene.port, scene.school.context(INSIDER)) as one:
            one.publish(f"{TOPIC}/{kind}", PICTURE, retain=retain)
            one.publish(f"classroom/v1/{INSIDER}/x/command", PICTURE, retain=retain)
        assert PICTURE not in retained(scene)


def test_a_will_for_another_device_is_not_said(scene: Scene) -> None:
    with scene.attack(connections=2):
        one = Client(scene.port, scene.school.context(INSIDER), will=(f"{TOPIC}/status", PICTURE))
        assert one.answer == "Success"
        before = scene.school.log().count(f"Client {INSIDER} closed its connection")
        one.vanish()
        await_true(
            lambda: scene.school.log().count(f"Client {INSIDER} closed its connection") > before
        )
        assert PICTURE not in retained(scene)


def retained(scene: Scene) -> list[bytes]:
    """What the broker holds, read to its end by one who may read everything."""
    with client(scene.port, scene.school.context("_admin")) as one:
        one.subscribe("classroom/v1/#")
        await_true(lambda: any(topic == f"{TOPIC}/status" for topic, _ in one.messages))
        one.publish(f"classroom/v1/{INSIDER}/command", PAUSE)
        await_true(lambda: any(payload == PAUSE for _, payload in one.messages))
        return [payload for _, payload in one.messages]


@pytest.mark.parametrize(
    "wish",
    [
        "#",
        "+/#",
        "classroom/#",
        "classroom/v1/my-school/+/counts",
        "classroom/v1/+/+/command",
        f"{TOPIC}/command",
        "$SYS/#",
        "$share/x/#",
        "$share/recorders/classroom/v1/+/+/counts",
    ],
)
def test_no_subscription_brings_what_is_not_ones_own(scene: Scene, wish: str) -> None:
    with (
        scene.attack(connections=3),
        client(scene.port, scene.school.context(INSIDER)) as one,
        client(scene.port, scene.school.context("_admin")) as admin,
    ):
        own = f"classroom/v1/{INSIDER}/command"
        one.subscribe(wish)
        one.subscribe(own)
        scene.room.put(5)
        scene.recorder.await_windows(scene.room.sent)
        admin.publish(f"{TOPIC}/command", b"not for the insider")
        admin.publish(own, PAUSE)
        await_true(lambda: one.messages)
        # Subscriptions that overlap bring it twice; nothing else comes at all.
        assert set(one.messages) == {(own, PAUSE)}


def test_a_stranger_takes_nothing_from_recorders_whose_group_it_cannot_name(scene: Scene) -> None:
    group = f"{random.getrandbits(128):032x}"
    with (
        scene.attack(connections=2),
        client(scene.port, scene.school.context("_recorder-2")) as sharer,
        client(scene.port, scene.school.context(INSIDER)) as thief,
    ):
        sharer.subscribe(f"$share/{group}/classroom/v1/+/+/counts")
        for guess in (group[:-1], "recorders"):
            thief.subscribe(f"$share/{guess}/classroom/v1/+/+/counts")
        thief.subscribe(f"$share/{group}/#")
        scene.room.put(20)
        await_true(lambda: len(sharer.messages) == 20)
        assert thief.messages == []


@pytest.mark.parametrize("size", [4097, 6_000, 1_000_000])
def test_an_oversized_message_goes_no_further(scene: Scene, size: int) -> None:
    payload = PICTURE + os.urandom(size - len(PICTURE))
    with scene.attack(connections=1), client(scene.port, scene.school.context(INSIDER)) as one:
        one.publish(f"classroom/v1/{INSIDER}/status", payload, retain=True)
        # A message a little too large is dropped; one that would fill the memory ends it all.
        assert one.ended.is_set() == (size > 5_120)
    assert all(len(payload) <= 4096 for payload in retained(scene))


def test_an_oversized_will_is_refused(scene: Scene) -> None:
    will = (f"classroom/v1/{INSIDER}/status", PICTURE.ljust(4097))
    with (
        scene.attack(connections=1),
        client(scene.port, scene.school.context(INSIDER), will=will) as one,
    ):
        assert one.answer != "Success"


def test_nonsense_before_and_after_the_handshake_is_refused(scene: Scene) -> None:
    chance = random.Random(7)
    with scene.attack(connections=40):
        for _ in range(20):
            with raw(scene) as plain:
                plain.sendall(chance.randbytes(200))
                await_end(plain)
            with (
                raw(scene) as plain,
                scene.school.context(INSIDER).wrap_socket(
                    plain, server_hostname="localhost"
                ) as secret,
            ):
                secret.sendall(chance.randbytes(200))
                await_end(secret)


def test_half_a_handshake_keeps_nobody_out(scene: Scene) -> None:
    with scene.attack(connections=301), ExitStack() as stack:
        for _ in range(300):
            # The head of a ClientHello, and never the rest.
            stack.enter_context(raw(scene)).sendall(b"\x16\x03\x01\x02\x00\x01")
        late = stack.enter_context(client(scene.port, scene.school.context(INSIDER)))
        assert late.answer == "Success"


def test_a_flood_of_connections_and_messages_harms_nobody(scene: Scene) -> None:
    flood(scene, connections=200, messages=2_000)


@pytest.mark.long
def test_a_great_flood_of_connections_and_messages_harms_nobody(scene: Scene) -> None:
    flood(scene, connections=10_000, messages=10_000)


def flood(scene: Scene, *, connections: int, messages: int) -> None:
    context = scene.school.context(None)
    with scene.attack(connections=connections + 1):
        with client(scene.port, scene.school.context(INSIDER)) as one:
            for number in range(messages):
                one.publish_at_once(f"{TOPIC}/counts", PICTURE)
                if number % 100 == 0:
                    scene.room.put()
            one.publish(f"{TOPIC}/counts", PICTURE)
        for number in range(connections):
            with (
                raw(scene) as plain,
                context.wrap_socket(plain, server_hostname="localhost") as secret,
            ):
                await_end(secret)
            if number % 100 == 0:
                scene.room.put()


def raw(scene: Scene) -> socket.socket:
    return socket.create_connection(("127.0.0.1", scene.port), timeout=PATIENCE_SECONDS)


def await_end(connection: socket.socket) -> None:
    """Returns once the broker has closed a connection."""
    try:
        while connection.recv(4096):
            pass
    except (ssl.SSLError, ConnectionError):
        pass
