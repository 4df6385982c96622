"""What the command ``certificates`` does and prints."""

import argparse
import os
from datetime import datetime, timezone
from pathlib import Path

from deploy.certificates import authority
from deploy.certificates.authority import Authority, Certificate
from deploy.certificates.commands import PASSPHRASE_VARIABLE
from deploy.certificates.names import BROKER, CertificateError
from deploy.certificates.private_files import read


def run(options: argparse.Namespace) -> None:
    """Runs the action that the options name.

    Raises:
        CertificateError, FileError: where it cannot be done; nothing is half-written.
    """
    if (options.action in ("create", "list")) == bool(options.names):
        expected = "no name" if options.names else "at least one name"
        raise CertificateError(f"{options.action}: expected {expected}, got {len(options.names)}")
    if options.action == "create":
        _create(options)
        return
    known = Authority(options.folder, passphrase=passphrase(options.passphrase_file))
    if options.action == "list":
        _print_table(known.certificates())
    for name in options.names:
        if options.action == "revoke":
            _revoke(known, name, options.serial)
        elif options.action == "issue":
            _print_made(name, known.issue(name, days=options.days))
        else:
            _renew(known, name, options)


def _create(options: argparse.Namespace) -> None:
    if not options.broker_name:
        raise CertificateError(
            "create: expected the broker's DNS name or address, got none; give it with "
            "--broker-name HOST"
        )
    made = authority.create(
        options.folder,
        options.broker_name,
        days=options.days,
        passphrase=passphrase(options.passphrase_file),
    )
    print(f"Made the authority in {options.folder}. Whoever reads its key can let anybody in:")
    print("keep the folder on a machine that is not the broker's, and a copy of it elsewhere.")
    _print_made(BROKER, made)
    print(
        f"With them goes the list of revoked certificates: {Authority(options.folder).revoked_file}"
    )


def _renew(known: Authority, name: str, options: argparse.Namespace) -> None:
    earlier = [one for one in known.certificates(name) if one.state(_now()) == "valid"]
    _print_made(name, known.renew(name, days=options.days))
    if name == BROKER:
        return
    for one in earlier:
        print("When the new one is in use, end the earlier:")
        print(
            f"  python -m deploy certificates revoke {name} --serial {one.serial} "
            f"--folder {options.folder}"
        )


def _revoke(known: Authority, name: str, serial: str | None) -> None:
    for one in known.revoke(name, serial=serial):
        print(f"Revoked {one.name} {one.serial}.")
    print(f"Copy {known.revoked_file} to the broker and restart it.")


def _print_made(name: str, folder: Path) -> None:
    where = "the broker" if name == BROKER else f"the machine of {name}"
    print(f"Made {folder}. Copy these to {where}, then delete key.pem here:")
    for file in ("authority.pem", "certificate.pem", "key.pem"):
        print(f"  {folder / file}")


def _print_table(certificates: list[Certificate]) -> None:
    rows = [("name", "serial", "valid until", "state")]
    for one in certificates:
        state = one.state(_now())
        if one.revoked_at is not None:
            state += f" {one.revoked_at:%Y-%m-%d}"
        rows.append((one.name, one.serial, f"{one.valid_until:%Y-%m-%d}", state))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def passphrase(file: Path | None) -> bytes | None:
    """Of the authority's key: from a file, else from the environment; None for none.

    Raises:
        CertificateError, FileError: for a file without one.
    """
    if file is None:
        return os.environ.get(PASSPHRASE_VARIABLE, "").encode() or None
    first_line = (read(file).splitlines() or [b""])[0]
    if not first_line:
        raise CertificateError(f"{file}: expected a passphrase in its first line, got none")
    return first_line


def _now() -> datetime:
    return datetime.now(timezone.utc)
