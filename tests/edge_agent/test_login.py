"""Login and TLS: who is let in, and in which words a refusal is told."""

import logging
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from edge_agent.errors import BrokerError, ConfigError
from tests.certificates import Certificate, make_certificate
from tests.edge_agent.publishers import connected, never, publisher
from tests.edge_agent.support import counts, status
from tests.support import await_true, debian_program, free_port, running_mosquitto


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


@contextmanager
def tls_broker(folder: Path, certificate: Certificate, options: str = "") -> Iterator[int]:
    port = free_port()
    files = f"certfile {certificate.certificate_file}\nkeyfile {certificate.key_file}"
    with running_mosquitto(folder / "broker", port, f"allow_anonymous true\n{files}\n{options}"):
        yield port


@pytest.mark.mosquitto
def test_tls_delivers(tmp_path: Path) -> None:
    authority = make_certificate(tmp_path, "authority")
    broker = make_certificate(tmp_path, "broker", signed_by=authority)
    with (
        tls_broker(tmp_path, broker) as port,
        connected(port, ca_file=str(authority.certificate_file)) as way,
    ):
        way.counts(counts())
        await_true(lambda: way.outbox_depth == 0)


@pytest.mark.mosquitto
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"valid_to": timedelta(hours=-1)}, "has expired at"),
        ({"valid_from": timedelta(hours=1)}, "is not yet valid"),
        ({"host": "127.0.0.2"}, "is for another host"),
    ],
    ids=["expired", "not yet valid", "another host"],
)
def test_what_is_wrong_with_the_brokers_certificate_is_told(
    wrong: dict[str, Any], words: str, tmp_path: Path
) -> None:
    authority = make_certificate(tmp_path, "authority", valid_from=timedelta(days=-9))
    broker = make_certificate(tmp_path, "broker", signed_by=authority, **wrong)
    with tls_broker(tmp_path, broker) as port, pytest.raises(BrokerError, match=words):
        publisher(port, ca_file=str(authority.certificate_file)).connect(status(), stopping=never)


@pytest.mark.mosquitto
def test_an_unknown_authority_is_told(tmp_path: Path) -> None:
    broker = make_certificate(tmp_path, "broker", signed_by=make_certificate(tmp_path, "authority"))
    stranger = make_certificate(tmp_path, "stranger")
    with (
        tls_broker(tmp_path, broker) as port,
        pytest.raises(BrokerError, match=r"signed by an unknown authority: check mqtt\.ca_file"),
    ):
        publisher(port, ca_file=str(stranger.certificate_file)).connect(status(), stopping=never)


@pytest.mark.mosquitto
@pytest.mark.parametrize(
    ("device", "words"),
    [
        (None, r"wants a certificate of this device: set mqtt\.certificate_file"),
        ({"valid_to": timedelta(hours=-1)}, "this device's certificate has expired"),
        ({}, "does not know the authority that signed this device's certificate"),
    ],
    ids=["none", "expired", "unknown authority"],
)
def test_what_is_wrong_with_the_devices_certificate_is_told(
    device: dict[str, Any] | None, words: str, tmp_path: Path
) -> None:
    authority = make_certificate(tmp_path, "authority", valid_from=timedelta(days=-9))
    broker = make_certificate(tmp_path, "broker", signed_by=authority)
    settings = {"ca_file": str(authority.certificate_file)}
    if device is not None:
        signer = authority if device else make_certificate(tmp_path, "another")
        own = make_certificate(tmp_path, "device", signed_by=signer, **device)
        settings |= {"certificate_file": str(own.certificate_file), "key_file": str(own.key_file)}
    options = f"cafile {authority.certificate_file}\nrequire_certificate true"
    with (
        tls_broker(tmp_path, broker, options) as port,
        pytest.raises(BrokerError, match=words),
    ):
        publisher(port, **settings).connect(status(), stopping=never)


def test_a_login_of_another_name_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    authority = make_certificate(tmp_path, "authority")
    for name in ("my-school room-102", "my-school room-101"):
        own = make_certificate(tmp_path, name, signed_by=authority, name=name.replace(" ", "/"))
        publisher(
            1,
            ca_file=str(authority.certificate_file),
            certificate_file=str(own.certificate_file),
            key_file=str(own.key_file),
        )
    secret = tmp_path / "secret"
    secret.write_text("x")
    for name in ("my-school/room-103", "my-school/room-101"):
        publisher(1, username=name, password_file=str(secret))
    warned = [record.args[1] for record in caplog.records if isinstance(record.args, tuple)]
    assert warned == ["my-school/room-102", "my-school/room-103"]


def test_files_of_the_login_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    for key in ("ca_file", "password_file"):
        with pytest.raises(ConfigError, match="missing: expected a readable file for mqtt"):
            publisher(1, username="me", **{key: missing})
    with pytest.raises(ConfigError, match="expected PEM certificates"):
        publisher(1, ca_file=__file__)
