"""TLS to the broker: the context, and what a failed handshake means in one sentence."""

import re
import ssl
from datetime import datetime, timezone
from pathlib import Path
from typing import Final

from edge_agent.config import Mqtt
from edge_agent.errors import ConfigError
from edge_agent.health import clock_synced

# X509_V_ERR_… of OpenSSL's x509_vfy.h.
_NOT_YET_VALID: Final = 9
_EXPIRED: Final = 10
_UNKNOWN_AUTHORITY: Final = (2, 18, 19, 20, 21)
_REVOKED: Final = 23
_WRONG_HOST: Final = (62, 64)

_RELEASED: Final = datetime(2026, 1, 1, tzinfo=timezone.utc)
"""A clock before this software existed is not set."""

_ALERTS: Final = {
    "certificate required": "it wants a certificate of this device: set mqtt.certificate_file",
    "certificate expired": "it says that this device's certificate has expired: renew it",
    "certificate revoked": "it says that this device's certificate is revoked: issue a new one",
    "unknown ca": "it does not know the authority that signed this device's certificate: sign "
    "one with the broker's",
    "bad certificate": "it refuses this device's certificate: check that it is meant for clients",
    "unsupported certificate": "it refuses this device's certificate: it is not meant for clients",
    "certificate unknown": "it refuses this device's certificate, perhaps because one of the two "
    "clocks is wrong",
    "handshake failure": "it refuses this device's TLS: check mqtt.certificate_file",
    "protocol version": "it speaks no TLS of version 1.2 or 1.3",
}
"""The broker's alert → what it means here; OpenSSL writes them with spaces or underscores."""


def tls_context(settings: Mqtt) -> ssl.SSLContext | None:
    """What the handshake needs; None where the settings name no authority.

    Raises:
        ConfigError: for a file that cannot be read or holds no PEM.
    """
    if settings.ca_file is None:
        return None
    for file in (settings.ca_file, settings.certificate_file, settings.key_file):
        if file is not None:
            read_file(file)
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
        if settings.certificate_file is not None:
            # Without a password, an encrypted key would be asked for on the terminal.
            context.load_cert_chain(settings.certificate_file, settings.key_file, password="")
    except (ssl.SSLError, ValueError, OSError) as error:
        raise ConfigError(f"mqtt: expected PEM certificates, got: {error}") from error
    return context


def read_file(file: str) -> str:
    """A file that the settings name.

    Raises:
        ConfigError: when it cannot be read.
    """
    try:
        return Path(file).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: expected a readable file for mqtt, got: {error}") from error


def handshake_problem(error: ssl.SSLError) -> str:
    """Why this device does not trust the broker, and what to change."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        return alert_problem(str(error)) or f"no TLS: {error.reason or error}"
    code = error.verify_code
    now = datetime.now(timezone.utc)
    if code == _NOT_YET_VALID and (now < _RELEASED or not clock_synced()):
        return (
            f"its certificate is not yet valid at {now:%Y-%m-%d %H:%M} UTC, because this device's "
            "clock is not set: waiting for the time"
        )
    if code == _NOT_YET_VALID:
        return "its certificate is not yet valid: check the clocks of broker and device"
    if code == _EXPIRED:
        return (
            f"its certificate has expired at {now:%Y-%m-%d %H:%M} UTC: renew it, or set this "
            "device's clock"
        )
    if code in _UNKNOWN_AUTHORITY:
        return "its certificate is signed by an unknown authority: check mqtt.ca_file"
    if code in _WRONG_HOST:
        return (
            f"its certificate is for another host ({error.verify_message}): set mqtt.host to the "
            "name in it"
        )
    if code == _REVOKED:
        return "its certificate is revoked: give the broker a new one"
    return f"its certificate is refused: {error.verify_message}"


def alert_problem(text: str) -> str | None:
    """What the broker's TLS alert means, where a text of OpenSSL's holds one."""
    words = re.sub(r"[_\W]+", " ", text.lower())
    if "alert" not in words:
        return None
    return next((meaning for alert, meaning in _ALERTS.items() if alert in words), None)


def certificate_name(file: str) -> str | None:
    """The common name in a certificate; None where it has none or Python cannot tell."""
    try:
        # Python has no public way to read a certificate of one's own.
        decoded = ssl._ssl._test_decode_cert(file)  # type: ignore[attr-defined]
    except (AttributeError, OSError, ValueError):
        return None
    names = dict(pair for part in decoded.get("subject", ()) for pair in part)
    name = names.get("commonName")
    return name if isinstance(name, str) else None
