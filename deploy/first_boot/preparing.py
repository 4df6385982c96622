"""What the command ``first-boot`` does and prints."""

import argparse
import re
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

import yaml

from deploy.certificates.authority import Authority
from deploy.certificates.commands import DEFAULT_DAYS
from deploy.certificates.issuing import passphrase
from deploy.certificates.private_files import read
from deploy.first_boot import card
from deploy.first_boot.card import FirstBootError, Room
from deploy.first_boot.wifi import Wifi

_ASK: Final = """\
Why are emotions counted there? In the European Union, inferring emotions in education is
forbidden except for medical or safety reasons; read docs/privacy.md. The device does not count
without a purpose.
Purpose, in a sentence: """
_DEFAULT_PORT: Final = 8883


def run(options: argparse.Namespace) -> None:
    """Writes a card's files.

    Raises:
        FirstBootError, CertificateError, FileError: where that cannot be done.
    """
    output = options.output or Path(f"card-{options.device}")
    if output.exists():
        raise FirstBootError(f"{output}: expected a new folder; delete it, or give --output")
    room = Room(
        site=options.site,
        device=options.device,
        hostname=_hostname(options.hostname or options.device),
        purpose=_purpose(options.purpose),
        broker=_broker(options.broker),
        certificates=options.certificates,
        bundle=options.bundle,
        more=_more(options.config),
        updates=_updates(options),
        wifi=_wifi(options),
        ssh_key=_ssh_key(options.ssh_key),
        timezone=_timezone(options.timezone),
    )
    room.settings()  # before a certificate is made for a device that cannot be
    certificates = _certificates(options)
    card.write(output, Room(**{**vars(room), "certificates": certificates}))
    print(f"Made {output} for {options.site}/{options.device}, with its key in it.")
    print(f"  cloud-init (Raspberry Pi OS trixie): copy all of {output}/ onto the partition bootfs")
    print("  Raspberry Pi OS bookworm: the same, and append this to the line in cmdline.txt there:")
    print("    systemd.run=/boot/firmware/firstrun.sh systemd.run_success_action=reboot")
    print("    systemd.unit=kernel-command-line.target")
    print(f"Then delete {output} and {certificates / 'key.pem'} here.")


def _certificates(options: argparse.Namespace) -> Path:
    authority = Authority(options.certificates, passphrase=passphrase(options.passphrase_file))
    name = f"{options.site}/{options.device}"
    now = datetime.now(timezone.utc)
    if not any(one.state(now) == "valid" for one in authority.certificates(name)):
        return authority.issue(name, days=DEFAULT_DAYS)
    folder = authority.newest(name)
    if not (folder / "key.pem").exists():
        raise FirstBootError(
            f"{name}: expected its key in {folder}, found none, as it should be once a device has "
            f"it; for a new card: python -m deploy certificates renew {name}"
        )
    return folder


def _purpose(given: str | None) -> str:
    purpose = given
    if purpose is None and sys.stdin is not None and sys.stdin.isatty():
        purpose = input(_ASK)
    purpose = (purpose or "").strip()
    if not purpose or not purpose.isprintable():
        raise FirstBootError(
            "purpose: expected a sentence on why emotions are counted there, got none; read "
            "docs/privacy.md, then give it with --purpose"
        )
    return purpose


def _broker(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon:
        return text, _DEFAULT_PORT
    if not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise FirstBootError(f"--broker: expected HOST:PORT, got {text!r}")
    return host, int(port)


def _hostname(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", text):
        raise FirstBootError(
            f"--hostname: expected lower-case letters, digits and hyphens, got {text!r}"
        )
    return text


def _timezone(text: str | None) -> str | None:
    if text is not None and not re.fullmatch(r"[A-Za-z]+(/[A-Za-z_+-]+){0,2}", text):
        raise FirstBootError(f"--timezone: expected one such as Europe/Berlin, got {text!r}")
    return text


def _more(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        content = yaml.safe_load(read(file))
    except yaml.YAMLError as error:
        raise FirstBootError(f"{file}: expected YAML, got: {str(error).splitlines()[0]}") from error
    if not isinstance(content, dict):
        raise FirstBootError(f"{file}: expected sections like 'camera:', got something else")
    return content


def _updates(options: argparse.Namespace) -> tuple[str, Path] | None:
    if (options.updates is None) != (options.updates_root is None):
        raise FirstBootError("expected --updates and --updates-root together, got one")
    if options.updates is None:
        return None
    if not options.updates.startswith("https://"):
        raise FirstBootError(f"--updates: expected https://…, got {options.updates!r}")
    return options.updates, options.updates_root


def _wifi(options: argparse.Namespace) -> Wifi | None:
    given = (options.wifi, options.wifi_password_file, options.wifi_country)
    if not any(given):
        return None
    if not all(given):
        raise FirstBootError(
            "expected --wifi, --wifi-password-file and --wifi-country together, got fewer"
        )
    try:
        lines = read(options.wifi_password_file).decode().splitlines() or [""]
        return Wifi.of(options.wifi, lines[0], options.wifi_country)
    except ValueError as error:
        raise FirstBootError(f"wifi: {error}") from error


def _ssh_key(file: Path | None) -> str | None:
    if file is None:
        return None
    text = read(file).decode(errors="replace").strip()
    if not re.fullmatch(r"(ssh-|ecdsa-|sk-)[^\n]+", text) or "PRIVATE" in text:
        raise FirstBootError(f"{file}: expected one public key of SSH, got something else")
    return text
