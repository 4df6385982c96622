"""The options of the command ``first-boot``."""

import argparse
import sys
from pathlib import Path
from typing import Any


def add_commands(commands: Any) -> None:
    """Adds the command ``first-boot``."""
    command = commands.add_parser(
        "first-boot",
        help="write the files that turn a fresh card into a room",
        description="Writes a folder whose content goes onto the boot partition of a fresh card "
        "(Raspberry Pi OS, or a Debian image with cloud-init). At its first boot, the device "
        "installs the agent, gets its certificate, and counts; nobody needs a keyboard. The "
        "device's key is in the folder: delete the folder once the card is written.",
    )
    command.add_argument("--site", metavar="NAME", required=True, help="the school's, in topics")
    command.add_argument("--device", metavar="NAME", required=True, help="the room's, in topics")
    command.add_argument(
        "--purpose",
        metavar="TEXT",
        help="why emotions are counted there, in a sentence; asked for where it is missing. Read "
        "docs/privacy.md first",
    )
    command.add_argument(
        "--broker",
        metavar="HOST[:PORT]",
        required=True,
        help="the school's broker, by the name in its certificate; port 8883 without it",
    )
    command.add_argument(
        "--certificates",
        metavar="FOLDER",
        type=Path,
        default=Path("certificates"),
        help="the authority's, %(default)s without it; the device gets a certificate where it has "
        "none",
    )
    command.add_argument(
        "--passphrase-file",
        metavar="FILE",
        type=Path,
        help="of the authority's key; without it, $CERTIFICATES_PASSPHRASE",
    )
    command.add_argument(
        "--bundle",
        metavar="FOLDER",
        type=Path,
        required=True,
        help="with install.sh and wheels, so that the device needs no network to be installed",
    )
    command.add_argument(
        "--output",
        metavar="FOLDER",
        type=Path,
        help="to write; card-DEVICE without it",
    )
    command.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        help="settings that all rooms have; names, purpose and broker are put into it",
    )
    command.add_argument(
        "--hostname", metavar="NAME", help="the device's in the network; its room without it"
    )
    command.add_argument("--timezone", metavar="ZONE", help="such as Europe/Berlin, for lessons")
    command.add_argument("--wifi", metavar="NAME", help="a wireless network; a cable needs none")
    command.add_argument(
        "--wifi-password-file", metavar="FILE", type=Path, help="its first line is the passphrase"
    )
    command.add_argument(
        "--wifi-country", metavar="XX", help="such as DE; by law the radio has to know"
    )
    command.add_argument(
        "--ssh-key",
        metavar="FILE",
        type=Path,
        help="public key of whoever may log in as admin; without it, nobody can",
    )
    command.add_argument("--updates", metavar="URL", help="where signed releases come from")
    command.add_argument(
        "--updates-root", metavar="FILE", type=Path, help="root of that repository (N.root.json)"
    )
    command.set_defaults(run=_first_boot)


def _first_boot(options: argparse.Namespace) -> int:
    from deploy.certificates.names import CertificateError
    from deploy.certificates.private_files import FileError
    from deploy.first_boot import preparing
    from deploy.first_boot.card import FirstBootError
    from edge_agent.errors import ConfigError

    try:
        preparing.run(options)
    except (FirstBootError, CertificateError, FileError, ConfigError) as error:
        print(f"first-boot: {error}", file=sys.stderr)
        return 2
    return 0
