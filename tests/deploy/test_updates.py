"""A device that updates itself: what it takes, what it refuses, and that it counts on."""

import os
import shutil
import signal
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.publish as publish
import pytest

from deploy.updates.publisher.repository import Repository
from tests.certificates import make_certificate
from tests.deploy.updated_device import Device, running_device
from tests.deploy.updates import (
    DEVICE,
    LONG_SECONDS,
    SITE,
    Publisher,
    Server,
    another_network,
    never_counts,
    serving,
)
from tests.edge_agent.support import Listener
from tests.support import await_true, free_port, running_mosquitto

pytestmark = pytest.mark.mosquitto
OTHER_MACHINE = "cp39-cp39-manylinux_2_17_s390x"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    port = free_port()
    with running_mosquitto(tmp_path_factory.mktemp("broker"), port):
        yield port


@pytest.fixture(scope="module")
def old_device(tmp_path_factory: pytest.TempPathFactory, broker: int) -> Iterator[Device]:
    """One that stays as it is: every test that uses it has its update refused."""
    with running_device(tmp_path_factory.mktemp("device"), broker) as device:
        yield device


@pytest.fixture
def device(tmp_path: Path, mosquitto: int) -> Iterator[Device]:
    with running_device(tmp_path / "device", mosquitto) as device:
        yield device


@pytest.fixture(scope="module")
def first_publisher(tmp_path_factory: pytest.TempPathFactory) -> Publisher:
    publisher = Publisher(tmp_path_factory.mktemp("publisher") / "first")
    publisher.publish("0.2.0")
    return publisher


@pytest.fixture
def publisher(tmp_path: Path, first_publisher: Publisher) -> Publisher:
    """One that offers 0.2.0 to every device."""
    return first_publisher.copy(tmp_path / "publisher")


@pytest.fixture
def new_publisher(tmp_path: Path) -> Publisher:
    """One that offers nothing yet."""
    return Publisher(tmp_path / "publisher")


@pytest.fixture
def server(publisher: Publisher) -> Iterator[Server]:
    with serving(publisher.repository) as server:
        yield server


def tampered_wheel(publisher: Publisher, _server: Server, _device: Device) -> None:
    content = bytearray(publisher.wheel().read_bytes())
    content[len(content) // 2] ^= 1
    publisher.wheel().write_bytes(content)


def tampered_list(publisher: Publisher, _server: Server, _device: Device) -> None:
    newest = max((publisher.repository / "metadata").glob("*.targets.json"))
    newest.write_text(newest.read_text().replace('"percent":100', '"percent":99'))


def signed_by_somebody_else(publisher: Publisher, _server: Server, _device: Device) -> None:
    stranger = Publisher(publisher.folder / "stranger")
    stranger.publish("0.2.0")
    shutil.rmtree(publisher.repository)
    shutil.copytree(stranger.repository, publisher.repository)


def unsigned(publisher: Publisher, _server: Server, _device: Device) -> None:
    newest = publisher.repository / "metadata" / "timestamp.json"
    text = newest.read_text()
    start = text.index('"sig":"') + 7
    newest.write_text(text[:start] + "0" * 128 + text[text.index('"', start) :])


def expired(publisher: Publisher, _server: Server, _device: Device) -> None:
    publisher.expire()


def older_list(publisher: Publisher, _server: Server, device: Device) -> None:
    copy = publisher.folder / "copy"
    shutil.copytree(publisher.repository, copy)
    publisher.run("stage", "0.2.0", "--share", "0")
    assert device.update() == (0, "0.1.0 is up to date")
    shutil.rmtree(publisher.repository)
    shutil.copytree(copy, publisher.repository)


def cut_off(_publisher: Publisher, server: Server, _device: Device) -> None:
    server.cut = ".whl"


def replaced_by_half(publisher: Publisher, _server: Server, _device: Device) -> None:
    os.truncate(publisher.wheel(), publisher.wheel().stat().st_size // 2)


def too_large_for_the_card(publisher: Publisher, _server: Server, _device: Device) -> None:
    publisher.restage("0.2.0", installed_bytes=10**18)


def away(_publisher: Publisher, server: Server, _device: Device) -> None:
    server.close()


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (tampered_wheel, "expected the file that was signed, got another"),
        (tampered_list, "expected the publisher's signature, got none that is known"),
        (signed_by_somebody_else, "expected the publisher's signature, got none that is known"),
        (unsigned, "expected the publisher's signature, got none that is known"),
        (expired, "expected signatures that are still good, got expired ones"),
        (older_list, "expected nothing older than what was seen here before"),
        (cut_off, "expected a whole answer"),
        (replaced_by_half, "expected"),
        (too_large_for_the_card, "make room on the card"),
        (away, "expected a whole answer"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_not_as_it_was_signed_is_refused_and_the_old_one_counts_on(
    old_device: Device,
    publisher: Publisher,
    server: Server,
    broker: int,
    spoil: Callable[[Publisher, Server, Device], None],
    expected: str,
) -> None:
    old_device.settings(server, publisher)
    spoil(publisher, server, old_device)
    code, sentence = old_device.update()
    assert (code, sentence[:8]) == (1, "update: ")
    assert expected in sentence
    assert_unchanged(old_device, broker)


def test_a_disk_that_is_full_in_mid_download_leaves_everything_as_it_was(
    old_device: Device, publisher: Publisher, server: Server, broker: int
) -> None:
    memory = publisher.folder / "memory"
    memory.mkdir()
    small = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(memory)]
    if subprocess.run(small, capture_output=True).returncode:
        pytest.skip("a small disk can be mounted by root only")
    try:
        old_device.settings(server, publisher)
        code, sentence = old_device.update()
    finally:
        subprocess.run(["umount", "--lazy", str(memory)], check=True)
    assert code == 1
    assert "No space left on device; make room" in sentence
    assert_unchanged(old_device, broker)


def test_an_older_release_is_refused(
    old_device: Device, new_publisher: Publisher, broker: int
) -> None:
    new_publisher.publish("0.0.9")
    with serving(new_publisher.repository) as server:
        old_device.settings(server, new_publisher)
        code, sentence = old_device.update()
    assert code == 1
    assert "0.0.9: expected 0.1.0 or newer, got an older one" in sentence
    assert_unchanged(old_device, broker)


@pytest.mark.long
def test_what_has_counted_once_is_the_minimum_even_if_the_link_is_changed_by_hand(
    old_device: Device, publisher: Publisher, server: Server, broker: int
) -> None:
    old_device.settings(server, publisher)
    memory = publisher.folder / "memory"
    memory.mkdir()
    (memory / "memory.json").write_text('{"minimum_version": "0.3.0", "trial": null, "bad": {}}')
    code, sentence = old_device.update()
    assert code == 1
    assert "0.2.0: expected at least 0.3.0" in sentence
    assert_unchanged(old_device, broker)


def test_a_release_for_another_machine_is_refused(
    old_device: Device, publisher: Publisher, server: Server, broker: int
) -> None:
    release = Repository(publisher.repository).releases()[0]
    other = "x86_64" if release.architecture == "aarch64" else "aarch64"
    publisher.restage("0.2.0", architecture=other)
    old_device.settings(server, publisher)
    code, sentence = old_device.update()
    assert code == 1
    assert f"0.2.0: expected a release for {release.platform}, got one for {other}" in sentence
    assert_unchanged(old_device, broker)


@pytest.mark.long
def test_a_wheel_for_another_machine_is_refused_whatever_is_signed(
    old_device: Device, publisher: Publisher, server: Server, broker: int
) -> None:
    wheel = publisher.wheel()
    name = wheel.name.partition(".")[2].replace("py3-none-any", OTHER_MACHINE)
    repository = Repository(publisher.repository)
    release = repository.releases()[0]
    manifest = publisher.folder / "manifest.json"
    manifest.write_text(
        repository.manifest(release).model_copy(update={"wheels": (name,)}).model_dump_json()
    )
    repository.change(
        publisher.signers(),
        files={f"wheels/{name}": wheel, release.manifest: manifest},
        stages={release.manifest: release.model_dump(mode="json")},
    )
    old_device.settings(server, publisher)
    code, sentence = old_device.update()
    assert code == 1
    assert "got one for another machine" in sentence
    assert_unchanged(old_device, broker)


def test_a_network_that_is_not_that_of_its_card_is_refused_before_the_switch(
    old_device: Device, new_publisher: Publisher, broker: int
) -> None:
    new_publisher.publish("0.2.0", change=another_network)
    with serving(new_publisher.repository) as server:
        old_device.settings(server, new_publisher)
        code, sentence = old_device.update()
    assert code == 1
    assert "the network or its card was changed" in sentence
    assert_unchanged(old_device, broker)
    assert (
        not old_device.installation.path(old_device.installation.current())
        .with_name("0.2.0")
        .exists()
    )


@pytest.mark.long
def test_a_stage_has_only_its_share_and_its_pilots(
    old_device: Device, publisher: Publisher, server: Server, broker: int
) -> None:
    publisher.run("stage", "0.2.0", "--share", "0", "--pilot", f"{SITE}/room-999")
    old_device.settings(server, publisher)
    assert old_device.update() == (0, "0.1.0 is up to date")
    assert_unchanged(old_device, broker)


@pytest.mark.long
def test_a_release_waits_while_nobody_could_tell_whether_it_counts(
    device: Device, publisher: Publisher, server: Server, mosquitto: int
) -> None:
    command(mosquitto, "pause")
    await_true(
        lambda: (state := device.state()) is not None and state.state == "paused",
        patience=LONG_SECONDS,
    )
    device.settings(server, publisher)
    code, sentence = device.update()
    assert code == 0
    assert sentence.startswith("0.2.0 waits: 0.1.0 does not count at the moment (paused: command")
    assert device.installation.current().public == "0.1.0"
    command(mosquitto, "resume")
    device.await_counting("0.1.0")


def test_a_device_takes_a_release_over_https_and_counts_with_it(
    device: Device, publisher: Publisher, mosquitto: int
) -> None:
    certificate = make_certificate(publisher.folder / "tls", "server")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate.certificate_file, certificate.key_file)
    publisher.run("stage", "0.2.0", "--share", "0", "--pilot", f"{SITE}/{DEVICE}")
    with serving(publisher.repository, tls) as server, Listener(mosquitto, "https") as listener:
        device.settings(server, publisher, ca_file=str(certificate.certificate_file))
        assert device.update() == (0, "updated from 0.1.0 to 0.2.0, which counts")
        device.await_counting("0.2.0")
        await_version(listener, "0.2.0")
        assert device.update() == (0, "0.2.0 is up to date")
    assert device.memory(publisher) == {"minimum_version": "0.2.0", "trial": None, "bad": {}}
    assert (device.folder / "opt" / "updater").resolve().name == "0.2.0"
    kept = {path.name for path in device.installation.releases.iterdir()}
    assert kept == {"0.1.0", "0.2.0"}


def test_a_release_that_never_counts_is_rolled_back_and_remembered(
    device: Device, new_publisher: Publisher
) -> None:
    new_publisher.publish("0.2.0", change=never_counts)
    with serving(new_publisher.repository) as server:
        device.settings(server, new_publisher, patience_seconds=5.0)
        code, sentence = device.update()
        assert code == 1
        assert "0.2.0: expected a first count, got: no count was delivered within 5 s" in sentence
        assert "0.1.0 is back and counts" in sentence
        device.await_counting("0.1.0")
        assert device.update() == (0, "0.1.0 is up to date")
        assert list(device.memory(new_publisher)["bad"]) == ["0.2.0"]


@pytest.mark.long
def test_a_repaired_release_is_taken_though_all_keys_were_replaced(
    device: Device, publisher: Publisher, server: Server
) -> None:
    device.settings(server, publisher)
    publisher.run("stage", "0.2.0", "--share", "0")
    assert device.update() == (0, "0.1.0 is up to date")
    for role in ("root", "targets", "snapshot", "timestamp"):
        publisher.run("rotate", role)
    publisher.publish("0.2.1")
    assert device.update() == (0, "updated from 0.1.0 to 0.2.1, which counts")


@pytest.mark.long
def test_power_cuts_at_any_moment_of_an_update_are_survived(
    device: Device, publisher: Publisher, server: Server
) -> None:
    device.settings(server, publisher)
    new = device.installation.releases / "0.2.0"

    server.stall = ".whl"
    downloading = device.start_update()
    assert server.asked.wait(LONG_SECONDS)
    kill(downloading)
    assert device.installation.current().public == "0.1.0"
    server.stall = "nothing"
    server.go_on.set()

    installing = device.start_update()
    await_true(lambda: new.exists() or installing.poll() is not None, patience=LONG_SECONDS)
    assert installing.poll() is None, installing.communicate()
    kill(installing)

    trying = device.start_update()
    device.when_restarted = lambda: kill(trying)
    trying.wait(LONG_SECONDS)
    assert trying.returncode == -signal.SIGKILL
    device.when_restarted = lambda: None
    assert device.memory(publisher)["trial"] == {"version": "0.2.0", "previous": "0.1.0"}
    device.await_counting("0.2.0")

    assert device.update() == (0, "updated from 0.1.0 to 0.2.0, which counts")
    assert device.memory(publisher)["trial"] is None


def assert_unchanged(device: Device, broker: int) -> None:
    """The old release is in place, and a window of it comes."""
    assert device.installation.current().public == "0.1.0"
    with Listener(broker, "unchanged") as listener:
        await_version(listener, "0.1.0")


def await_version(listener: Listener, version: str) -> None:
    """A status of this version is known, and a window comes."""
    room = f"classroom/v1/{SITE}/{DEVICE}"

    def came() -> bool:
        statuses = [payload for topic, payload, _ in listener.messages if topic == f"{room}/status"]
        counts = [topic for topic, _, _ in listener.messages if topic == f"{room}/counts"]
        newest = statuses[-1] if statuses else b""
        return f'"agent":"{version}"'.encode() in newest and bool(counts)

    await_true(came, patience=LONG_SECONDS)


def command(broker: int, word: str) -> None:
    publish.single(
        f"classroom/v1/{SITE}/{DEVICE}/command",
        f'{{"command":"{word}"}}',
        qos=1,
        hostname="127.0.0.1",
        port=broker,
    )


def kill(process: object) -> None:
    """As a power cut does, as far as one program is concerned."""
    process.kill()  # type: ignore[attr-defined]
    process.communicate()  # type: ignore[attr-defined]
