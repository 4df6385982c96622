"""Where the broker is and how to reach it safely: URL, TLS and credentials."""

import ipaddress
import os
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

DEFAULT_URL: Final = "mqtt://127.0.0.1:1883"
PASSWORD_VARIABLE: Final = "MQTT_PASSWORD"


class BrokerError(ValueError):
    """Settings of a broker that cannot be used; one sentence says what to change."""


@dataclass(frozen=True)
class Broker:
    """A broker's address and what it takes to be let in; ``tls`` is None on loopback only."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    username: str | None
    password: str | None = field(repr=False)

    def __str__(self) -> str:
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"

    def client(self, name: str, *, keeps_session: bool) -> Client:
        """A client that will be let in, not yet connected.

        Args:
            name: under which the broker knows it.
            keeps_session: whether the broker holds messages while it is away, and each until it
                is acknowledged by hand.
        """
        client = Client(
            CallbackAPIVersion.VERSION2,
            name,
            clean_session=not keeps_session,
            manual_ack=keeps_session,
        )
        if self.username is not None:
            client.username_pw_set(self.username, self.password)
        if self.tls is not None:
            client.tls_set_context(self.tls)
        return client


def read_broker(
    url: str,
    *,
    tls_ca: Path | None = None,
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
    username: str | None = None,
    password_file: Path | None = None,
) -> Broker:
    """Checks a broker's settings.

    Args:
        url: ``mqtt://host[:port]`` or ``mqtts://host[:port]``.
        tls_ca: certificate authorities (PEM) to trust; turns TLS on. With ``mqtts`` alone,
            the system's are trusted.
        tls_cert: our own certificate (PEM), where the broker asks for one.
        tls_key: its private key (PEM); without it, both are in ``tls_cert``.
        username: with it, the password comes from ``password_file``, else from the
            environment variable ``MQTT_PASSWORD``.

    Raises:
        BrokerError: when they cannot be used, or would leave this machine without TLS.
    """
    expected = f"expected a broker such as {DEFAULT_URL} or mqtts://broker.example:8883"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise BrokerError(f"{expected}, got {url!r} ({error})") from error
    if parts.username is not None or parts.password is not None:
        raise BrokerError(
            f"{expected}, got one with credentials: use --username and --password-file instead"
        )
    rest = parts.path.strip("/") or parts.query or parts.fragment
    if parts.scheme not in ("mqtt", "mqtts") or not host or rest or port == 0:
        raise BrokerError(f"{expected}, got {url!r}")

    tls = _tls(tls_ca) if parts.scheme == "mqtts" or tls_ca else None
    if tls_key is not None and tls_cert is None:
        raise BrokerError("expected --tls-cert with --tls-key: add it")
    if tls_cert is not None:
        if tls is None:
            raise BrokerError("expected TLS with --tls-cert: use mqtts:// or give --tls-ca FILE")
        _show_certificate(tls, tls_cert, tls_key)
    if tls is None and not _is_loopback(host):
        raise BrokerError(
            f"expected TLS to reach {host}, which is not this machine: "
            "use mqtts:// or give --tls-ca FILE"
        )
    password = _password(password_file)
    if password_file is not None and username is None:
        raise BrokerError("expected --username with --password-file: add it")
    return Broker(
        host,
        port or (8883 if tls else 1883),
        tls,
        username,
        password if username is not None else None,
    )


def _tls(authorities: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=authorities)
    except OSError as error:  # ssl.SSLError is one
        raise BrokerError(
            f"expected certificates in PEM in --tls-ca {authorities}, got: {error}"
        ) from error


def _show_certificate(tls: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    def no_password() -> str:
        raise OSError("the key asks for a password")

    try:
        tls.load_cert_chain(certificate, key, password=no_password)
    except OSError as error:
        raise BrokerError(
            f"expected a certificate and its key in PEM in --tls-cert {certificate} and "
            f"--tls-key {key or certificate}, got: {error}"
        ) from error


def _password(file: Path | None) -> str | None:
    if file is None:
        return os.environ.get(PASSWORD_VARIABLE)
    try:
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BrokerError(f"expected a password in --password-file {file}, got: {error}") from error


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
