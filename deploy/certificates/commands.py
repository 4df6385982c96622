"""The options of the commands ``certificates`` and ``mosquitto``."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

PASSPHRASE_VARIABLE: Final = "CERTIFICATES_PASSPHRASE"
DEFAULT_DAYS: Final = 730
_ACTIONS: Final = ("create", "issue", "renew", "revoke", "list")


def add_certificates(commands: Any) -> None:
    """Adds the command ``certificates``."""
    command = commands.add_parser(
        "certificates",
        usage="python -m deploy certificates ACTION [NAME ...] [options]",
        help="make, renew, revoke and list certificates for TLS",
        description="Runs a school's own certificate authority in a folder. create: makes it, "
        "and the broker's certificate. issue NAME…: makes first certificates. renew NAME…: makes "
        "others; the earlier stay valid. revoke NAME…: writes the list of revoked certificates. "
        "list: shows all. docs/broker.md tells where what belongs.",
    )
    command.add_argument("action", metavar="ACTION", choices=_ACTIONS, help=", ".join(_ACTIONS))
    command.add_argument(
        "names",
        metavar="NAME",
        nargs="*",
        help="SITE/DEVICE, SITE for its dashboard, or _recorder, _admin, _monitor; "
        "renew takes _broker, too",
    )
    _add_folder(command, "--folder")
    command.add_argument(
        "--broker-name",
        metavar="HOST",
        action="append",
        default=[],
        help="for create: DNS name or IP address of the broker, as often as it has one",
    )
    command.add_argument(
        "--days",
        metavar="DAYS",
        type=_days,
        default=DEFAULT_DAYS,
        help="how long a new certificate is valid, %(default)s without it; the authority's own is "
        "valid for 10 years",
    )
    command.add_argument(
        "--serial", metavar="SERIAL", help="for revoke: this certificate only, not all of the name"
    )
    command.add_argument(
        "--passphrase-file",
        metavar="FILE",
        type=Path,
        help="its first line encrypts the authority's key; without it, "
        f"${PASSPHRASE_VARIABLE}, or no encryption",
    )
    command.set_defaults(run=_certificates)


def add_mosquitto(commands: Any) -> None:
    """Adds the command ``mosquitto``."""
    command = commands.add_parser(
        "mosquitto",
        help="the production broker's files for a trial on this machine",
        description="Writes the configuration of deploy/mosquitto/, its access list and the "
        "broker's certificate into a folder, for a broker on 127.0.0.1.",
    )
    _add_folder(command, "--certificates")
    command.add_argument(
        "--folder",
        metavar="FOLDER",
        type=Path,
        default=Path("data/broker"),
        help="the broker's, %(default)s without it",
    )
    command.add_argument(
        "--certificate-port",
        metavar="PORT",
        type=int,
        default=8883,
        help="for certificates, %(default)s without it",
    )
    command.add_argument(
        "--password-port",
        metavar="PORT",
        type=int,
        default=8884,
        help="for passwords, %(default)s without it",
    )
    command.set_defaults(run=_mosquitto)


def _add_folder(command: argparse.ArgumentParser, option: str) -> None:
    command.add_argument(
        option,
        metavar="FOLDER",
        type=Path,
        default=Path("certificates"),
        help="the authority's, %(default)s without it",
    )


def _days(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 3650:
        raise argparse.ArgumentTypeError(f"expected days from 1 to 3650, got {text!r}")
    return int(text)


def _certificates(options: argparse.Namespace) -> int:
    from deploy.certificates import issuing

    return _guarded("certificates", issuing.run, options)


def _mosquitto(options: argparse.Namespace) -> int:
    from deploy import mosquitto_files

    return _guarded("mosquitto", mosquitto_files.run, options)


def _guarded(
    command: str, action: Callable[[argparse.Namespace], None], options: argparse.Namespace
) -> int:
    from deploy.certificates.names import CertificateError
    from deploy.certificates.private_files import FileError

    try:
        action(options)
    except (CertificateError, FileError) as error:
        print(f"{command}: {error}", file=sys.stderr)
        return 2
    return 0
