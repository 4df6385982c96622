"""The names that certificates are made for: of clients, and of the broker's machine."""

import ipaddress
from collections.abc import Sequence
from typing import Annotated, Final

from cryptography import x509
from pydantic import Field, TypeAdapter, ValidationError

from edge_agent.messages import Identifier

BROKER: Final = "_broker"
AUTHORITY: Final = "_authority"
_LONGEST: Final = 64
"""Letters in a common name (RFC 5280)."""
_ON_EVERY_BROKER: Final = ("localhost", "127.0.0.1", "::1")
"""A recorder beside the broker uses TLS, too, so that no port is open without it."""

_identifier: TypeAdapter[str] = TypeAdapter(Identifier)
_host: TypeAdapter[str] = TypeAdapter(
    Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*$", max_length=253)]
)


class CertificateError(Exception):
    """Why a certificate cannot be made or revoked, in one sentence."""


def folder_name(name: str) -> str:
    """The folder of a name; no identifier has an underscore, so it is one name's only.

    Raises:
        CertificateError: where it is not ``<site>/<device>``, ``<site>`` or ``_<service>``.
    """
    parts = [name[1:]] if name.startswith("_") else name.split("/")
    try:
        for part in parts:
            _identifier.validate_python(part)
    except ValidationError:
        parts = []
    if not 1 <= len(parts) <= 2:
        raise CertificateError(
            "expected SITE/DEVICE, SITE or _SERVICE of lower-case letters, digits and single "
            f"hyphens, got {name!r}"
        )
    if len(name) > _LONGEST:
        raise CertificateError(
            f"{name}: expected at most {_LONGEST} letters in a certificate's name, got "
            f"{len(name)}; shorten it, or let the device use a password"
        )
    return name.replace("/", "_")


def read_hosts(names: Sequence[str]) -> list[x509.GeneralName]:
    """DNS names and IP addresses of a broker, and those that every broker has.

    Raises:
        CertificateError: where one is neither.
    """
    return [_read_host(name) for name in dict.fromkeys((*names, *_ON_EVERY_BROKER))]


def _read_host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        return x509.DNSName(_host.validate_python(name))
    except ValidationError as error:
        raise CertificateError(
            f"expected a DNS name or an IP address as --broker-name, got {name!r}"
        ) from error
