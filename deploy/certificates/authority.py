"""A school's own certificate authority: a folder that issues, lists and revokes certificates."""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from cryptography import x509

from deploy.certificates import private_files, x509_files
from deploy.certificates.names import AUTHORITY, BROKER, CertificateError, folder_name, read_hosts
from deploy.certificates.private_files import FileError


@dataclass(frozen=True)
class Certificate:
    """What the authority knows of a certificate that it has issued; moments are in UTC."""

    name: str
    serial: str
    valid_from: datetime
    valid_until: datetime
    revoked_at: datetime | None

    def state(self, now: datetime) -> str:
        """``valid``, ``not yet valid``, ``expired`` or ``revoked``."""
        if self.revoked_at is not None:
            return "revoked"
        if now >= self.valid_until:
            return "expired"
        return "valid" if now >= self.valid_from else "not yet valid"


class Authority:
    """The authority that a folder holds.

    ``_authority/`` in it has the authority's key, its certificate, the list of revoked
    certificates and a copy of each that was issued. ``<name>/1``, ``<name>/2``, … have what
    one device, dashboard, service or broker needs: its key, its certificate, the authority's.

    Args:
        folder: made by `create`.
        passphrase: of the authority's key, where it has one; reading alone needs none.

    Raises:
        CertificateError, FileError: where the folder holds no authority, or a damaged one.
    """

    def __init__(self, folder: Path, *, passphrase: bytes | None = None) -> None:
        self._folder = folder
        self._own = folder / AUTHORITY
        self._passphrase = passphrase
        if not self._own.is_dir():
            raise CertificateError(
                f"{folder}: expected a folder with an authority, found none; make one with "
                "the action create, or give another with --folder"
            )
        self._certificate = x509_files.read_certificate(self._own / "certificate.pem")

    @property
    def revoked_file(self) -> Path:
        """The list of revoked certificates (PEM), which the broker must have."""
        return self._own / "revoked.pem"

    def issue(self, name: str, *, days: int, starting: datetime | None = None) -> Path:
        """Makes a certificate for a name that has no valid one.

        Args:
            name: ``<site>/<device>`` of a device, ``<site>`` of a dashboard, ``_<service>``.
            days: how long it is valid.
            starting: from when; None for now.

        Returns:
            The folder with its key, its certificate, and the authority's certificate.
        """
        if name in (BROKER, AUTHORITY):
            raise CertificateError(f"expected a device, dashboard or service, got {name}")
        for known in self.certificates(name):
            if known.state(_now()) == "valid":
                raise CertificateError(
                    f"{name}: expected a name without a valid certificate, found {known.serial}; "
                    "make another with the action renew"
                )
        return self._issue(name, (), days, starting or _now())

    def renew(self, name: str, *, days: int) -> Path:
        """Makes another key and certificate; the earlier one stays valid until it is revoked."""
        earlier = [x509_files.read_certificate(file) for file in self._issued(name)]
        if not earlier:
            raise _unknown(name)
        hosts = x509_files.hosts_of(earlier[0]) if name == BROKER else ()
        return self._issue(name, hosts, days, _now())

    def revoke(self, name: str, *, serial: str | None = None) -> list[Certificate]:
        """Puts certificates of a name on the list: all, or the one with this serial number."""
        if name == BROKER:
            raise CertificateError(
                "expected a device, dashboard or service, got the broker: devices read no list of "
                "revoked certificates, so a broker's stolen key needs a new authority"
            )
        certificates = self.certificates(name)
        if not certificates:
            raise _unknown(name)
        chosen = [one for one in certificates if serial in (None, one.serial)]
        if not chosen:
            known = ", ".join(one.serial for one in certificates)
            raise CertificateError(f"{name}: expected one of {known}, got {serial}")
        with self._locked():
            revoked = x509_files.read_revoked(self.revoked_file)
            for one in chosen:
                revoked.setdefault(int(one.serial, 16), _now())
            self._write_revoked(revoked)
        return chosen

    def certificates(self, name: str | None = None) -> list[Certificate]:
        """All that were ever issued, or those of a name; by name and age."""
        files = (self._own / "issued").glob("*/*.pem") if name is None else self._issued(name)
        revoked = x509_files.read_revoked(self.revoked_file)
        # The dates in a certificate know no fractions of a second.
        by_age = sorted(files, key=lambda file: file.stat().st_mtime_ns)
        found = [_known(x509_files.read_certificate(file), revoked) for file in by_age]
        return sorted(found, key=lambda one: one.name)

    def newest(self, name: str) -> Path:
        """The newest folder of a name."""
        folders = [folder for folder in (self._folder / folder_name(name)).glob("[1-9]*")]
        if not folders:
            raise _unknown(name)
        return max(folders, key=lambda folder: int(folder.name))

    def _issued(self, name: str) -> list[Path]:
        return list((self._own / "issued" / folder_name(name)).glob("*.pem"))

    def _issue(
        self, name: str, hosts: Sequence[x509.GeneralName], days: int, starting: datetime
    ) -> Path:
        key = x509_files.new_key()
        certificate = x509_files.sign(
            *(self._certificate, self._key(), name, key), hosts=hosts, starting=starting, days=days
        )
        issued = self._own / "issued" / folder_name(name)
        issued.mkdir(mode=0o700, exist_ok=True)
        # First the authority's copy: what it does not know it could not revoke.
        private_files.write(
            issued / f"{x509_files.serial(certificate)}.pem", x509_files.pem(certificate)
        )
        target = self._folder / folder_name(name) / str(len(self._issued(name)))
        target.parent.mkdir(mode=0o700, exist_ok=True)
        with private_files.new_folder(target) as folder:
            private_files.write(folder / "key.pem", x509_files.key_pem(key, None))
            private_files.write(folder / "certificate.pem", x509_files.pem(certificate))
            private_files.write(folder / "authority.pem", x509_files.pem(self._certificate))
        return target

    def _write_revoked(self, revoked: dict[int, datetime]) -> None:
        signed = x509_files.sign_revoked(self._certificate, self._key(), revoked, _now())
        private_files.write(self.revoked_file, x509_files.pem(signed))

    def _key(self) -> x509_files.Key:
        return x509_files.read_key(self._own / "key.pem", self._passphrase)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # Two that revoke at the same time must not forget each other's.
        descriptor = os.open(self._own, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def create(
    folder: Path, broker_names: Sequence[str], *, days: int, passphrase: bytes | None = None
) -> Path:
    """Makes an authority and the broker's certificate.

    Args:
        folder: new or empty.
        broker_names: DNS names and IP addresses under which the broker is reached.
        days: how long the broker's certificate is valid.
        passphrase: encrypts the authority's key.

    Returns:
        The folder with the broker's files.
    """
    if (folder / AUTHORITY).exists():
        raise CertificateError(
            f"{folder}: expected no authority yet, found one; give another --folder"
        )
    hosts = read_hosts(broker_names)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(
            f"{folder.parent}: expected a folder that can be made, got: {error.strerror}"
        ) from error
    with private_files.new_folder(folder) as new:
        own = new / AUTHORITY
        own.mkdir(mode=0o700)
        (own / "issued").mkdir(mode=0o700)
        key = x509_files.new_key()
        private_files.write(own / "key.pem", x509_files.key_pem(key, passphrase))
        certificate = x509_files.sign_itself(key, _now())
        private_files.write(own / "certificate.pem", x509_files.pem(certificate))
        authority = Authority(new, passphrase=passphrase)
        authority._write_revoked({})
        authority._issue(BROKER, hosts, days, _now())
    return Authority(folder).newest(BROKER)


def _known(certificate: x509.Certificate, revoked: dict[int, datetime]) -> Certificate:
    return Certificate(
        x509_files.common_name(certificate),
        x509_files.serial(certificate),
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
        revoked.get(certificate.serial_number),
    )


def _unknown(name: str) -> CertificateError:
    return CertificateError(
        f"{name}: expected a name that has a certificate; the action list shows them all"
    )


def _now() -> datetime:
    return datetime.now(timezone.utc).replace(microsecond=0)
