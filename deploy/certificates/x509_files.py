"""Certificates, keys and lists of revoked ones as this system uses them, and their PEM form."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from deploy.certificates import private_files
from deploy.certificates.private_files import FileError

Key = ec.EllipticCurvePrivateKey

AUTHORITY_DAYS: Final = 3650
_TOLERANCE: Final = timedelta(hours=1)
"""Everything is valid a little before it was made, for a broker whose clock is late."""


def new_key() -> Key:
    """A key on the curve P-256, which every TLS 1.2 and 1.3 library knows."""
    return ec.generate_private_key(ec.SECP256R1())


def sign_itself(key: Key, now: datetime) -> x509.Certificate:
    """An authority's own certificate."""
    # Two authorities of one school must not be taken for each other.
    name = _common_name(f"Classroom authority {secrets.token_hex(4)}")
    builder = _builder(name, name, key.public_key(), now, now + timedelta(days=AUTHORITY_DAYS))
    return (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .sign(key, hashes.SHA256())
    )


def sign(
    authority: x509.Certificate,
    authority_key: Key,
    name: str,
    key: Key,
    *,
    hosts: Sequence[x509.GeneralName],
    starting: datetime,
    days: int,
) -> x509.Certificate:
    """A certificate for a server where it has hosts, else for a client."""
    until = min(starting + timedelta(days=days), authority.not_valid_after_utc)
    purpose = ExtendedKeyUsageOID.SERVER_AUTH if hosts else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = (
        _builder(_common_name(name), authority.subject, key.public_key(), starting, until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(_identifier(authority_key), critical=False)
    )
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
    return builder.sign(authority_key, hashes.SHA256())


def sign_revoked(
    authority: x509.Certificate,
    authority_key: Key,
    revoked: dict[int, datetime],
    now: datetime,
) -> x509.CertificateRevocationList:
    """The list of revoked certificates: serial number → when it was revoked."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.subject)
        .last_update(now - _TOLERANCE)
        # A list that has run out makes the broker refuse everybody; what keeps a stranger out
        # is that it is copied, not that it is young.
        .next_update(authority.not_valid_after_utc)
        .add_extension(_identifier(authority_key), critical=False)
        .add_extension(x509.CRLNumber(len(revoked)), critical=False)
    )
    for number, moment in revoked.items():
        entry = x509.RevokedCertificateBuilder().serial_number(number).revocation_date(moment)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(authority_key, hashes.SHA256())


def common_name(certificate: x509.Certificate) -> str:
    """The name that a certificate was made for."""
    (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(name.value)


def serial(certificate: x509.Certificate) -> str:
    """The serial number, 16 hexadecimal digits."""
    return f"{certificate.serial_number:016x}"


def hosts_of(certificate: x509.Certificate) -> list[x509.GeneralName]:
    """The DNS names and addresses in a server's certificate."""
    return list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)


def pem(content: x509.Certificate | x509.CertificateRevocationList) -> bytes:
    """A certificate or list as PEM."""
    return content.public_bytes(serialization.Encoding.PEM)


def key_pem(key: Key, passphrase: bytes | None) -> bytes:
    """A key as PEM, encrypted where there is a passphrase."""
    encryption = (
        serialization.BestAvailableEncryption(passphrase)
        if passphrase
        else serialization.NoEncryption()
    )
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, encryption)


def read_certificate(file: Path) -> x509.Certificate:
    """Reads a certificate."""
    try:
        return x509.load_pem_x509_certificate(private_files.read(file))
    except ValueError as error:
        raise _damaged(file, "a certificate", error) from error


def read_revoked(file: Path) -> dict[int, datetime]:
    """Reads a list of revoked certificates: serial number → when."""
    try:
        entries = x509.load_pem_x509_crl(private_files.read(file))
        return {entry.serial_number: entry.revocation_date_utc for entry in entries}
    except ValueError as error:
        raise _damaged(file, "a list of revoked certificates", error) from error


def read_key(file: Path, passphrase: bytes | None) -> Key:
    """Reads a key."""
    content = private_files.read(file)
    try:
        key = serialization.load_pem_private_key(content, passphrase)
    except (ValueError, TypeError) as error:  # TypeError: a passphrase too many or too few
        raise FileError(
            f"{file}: expected a key and its passphrase, got: {error}; give the passphrase with "
            "--passphrase-file or CERTIFICATES_PASSPHRASE if the key has one"
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise FileError(f"{file}: expected an EC key, got {type(key).__name__}; restore the file")
    return key


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    starting: datetime,
    until: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        # 63 random bits are short enough to be typed by who revokes one.
        .serial_number(secrets.randbelow(2**63 - 1) + 1)
        .not_valid_before(starting - _TOLERANCE)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _common_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _identifier(authority_key: Key) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _damaged(file: Path, expected: str, error: Exception) -> FileError:
    return FileError(f"{file}: expected {expected} in PEM, got: {error}; bring it back from a copy")
