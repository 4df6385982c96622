"""The options of the command ``updates``, the publisher's side."""

import argparse
import re
import sys
from pathlib import Path
from typing import Any, Final

PASSPHRASE_VARIABLE: Final = "UPDATES_PASSPHRASE"
_ACTIONS: Final = ("init", "publish", "stage", "withdraw", "refresh", "rotate", "list")


def add_commands(commands: Any) -> None:
    """Adds the command ``updates``."""
    command = commands.add_parser(
        "updates",
        usage="python -m deploy updates ACTION [VERSION|ROLE] [options]",
        help="publish signed releases for devices, in stages",
        description="Keeps a repository of signed releases (TUF) that devices update themselves "
        "from. init: makes its keys and the repository. publish: offers the release in a folder "
        "of wheels. stage VERSION: changes how many devices take it. withdraw VERSION: offers it "
        "no longer. refresh: signs anew what would expire. rotate ROLE: replaces the keys of "
        "root, targets, snapshot or timestamp. list: shows all. docs/operations.md tells when.",
    )
    command.add_argument("action", metavar="ACTION", choices=_ACTIONS, help=", ".join(_ACTIONS))
    command.add_argument(
        "word",
        metavar="VERSION|ROLE",
        nargs="?",
        help="for stage and withdraw: a published version; for rotate: whose keys",
    )
    command.add_argument(
        "--repository",
        metavar="FOLDER",
        type=Path,
        default=Path("updates"),
        help="what devices download from, %(default)s without it",
    )
    home = Path("~/.config/classroom-updates")
    for option, whose in (
        ("--keys", "the keys that sign releases; beyond the repository"),
        ("--root-keys", "the root's keys, for init and rotate; kept offline"),
    ):
        command.add_argument(
            option,
            metavar="FOLDER",
            type=lambda text: Path(text).expanduser(),
            default=str(home / option.removeprefix("--")),
            help=f"{whose}; %(default)s without it",
        )
    command.add_argument(
        "--passphrase-file",
        metavar="FILE",
        type=Path,
        help=f"its first line encrypts the keys; without it, ${PASSPHRASE_VARIABLE}, or no "
        "encryption",
    )
    command.add_argument(
        "--root-number",
        metavar="N",
        type=_small,
        default=2,
        help="for init: how many root keys are made, %(default)s without it",
    )
    command.add_argument(
        "--root-threshold",
        metavar="N",
        type=_small,
        default=1,
        help="for init: how many of them must sign, %(default)s without it",
    )
    command.add_argument(
        "--wheels", metavar="FOLDER", type=Path, help="for publish: with all that a device needs"
    )
    command.add_argument(
        "--architecture",
        metavar="NAME",
        choices=("aarch64", "x86_64"),
        help="for publish: aarch64 (Raspberry Pi) or x86_64",
    )
    command.add_argument(
        "--python",
        metavar="VERSION",
        type=_python,
        help="for publish: the devices' Python, 3.11 in Debian bookworm and 3.13 in trixie",
    )
    command.add_argument(
        "--share",
        metavar="PERCENT",
        type=_percent,
        default=100,
        help="for publish and stage: of all devices, 0 to 100; always the same ones first",
    )
    command.add_argument(
        "--pilot",
        metavar="SITE/DEVICE",
        type=_room,
        action="append",
        default=[],
        help="for publish and stage: takes the release whatever the share; for list: says at "
        "which share this room is reached; may be given several times",
    )
    command.add_argument(
        "--days",
        metavar="DAYS",
        type=_days,
        default=30,
        help="for refresh: how long the signatures are good, %(default)s without it",
    )
    command.set_defaults(run=_updates)


def _updates(options: argparse.Namespace) -> int:
    from deploy.certificates.private_files import FileError
    from deploy.updates.errors import UpdateError
    from deploy.updates.publisher import actions

    try:
        actions.run(options)
    except (UpdateError, FileError) as error:
        print(f"updates: {error}", file=sys.stderr)
        return 2
    return 0


def _small(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 9:
        raise argparse.ArgumentTypeError(f"expected a number from 1 to 9, got {text!r}")
    return int(text)


def _days(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 365:
        raise argparse.ArgumentTypeError(f"expected days from 1 to 365, got {text!r}")
    return int(text)


def _percent(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) <= 100:
        raise argparse.ArgumentTypeError(f"expected a share from 0 to 100 percent, got {text!r}")
    return int(text)


def _python(text: str) -> str:
    if not re.fullmatch(r"3\.[0-9]{1,2}", text):
        raise argparse.ArgumentTypeError(f"expected a version such as 3.11, got {text!r}")
    return text


def _room(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]{1,48}/[a-z0-9-]{1,48}", text):
        raise argparse.ArgumentTypeError(f"expected SITE/DEVICE, got {text!r}")
    return text
