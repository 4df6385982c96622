"""The command line: ``python -m dashboard COMMAND``."""

import argparse
import sys
from collections.abc import Sequence

from dashboard.broker import BrokerError
from dashboard.commands import listing, record, show
from dashboard.commands.options import Help, UsageError, add_accounts, add_store
from dashboard.login import account_commands
from dashboard.login.accounts import AccountsError
from dashboard.login.oidc import OidcError
from dashboard.serving import LOOPBACK, ServingError
from dashboard.store import StoreError
from dashboard.timetable import TimetableError

_REFUSALS = (
    AccountsError,
    BrokerError,
    OidcError,
    ServingError,
    StoreError,
    TimetableError,
    UsageError,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns 0 when it was told to end and 2 when it could not start."""
    options = parser().parse_args(arguments)
    command = {
        "record": record.run,
        "show": show.run,
        "accounts": account_commands.run,
        "gaps": listing.gaps,
        "rejected": listing.rejected,
    }
    try:
        command[options.command](options)
    except _REFUSALS as error:
        print(f"{options.command}: {error}", file=sys.stderr)
        return 2
    return 0


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dashboard", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    recording = commands.add_parser(
        "record",
        help="listen to the devices and keep their counts",
        description="Listen to the devices on MQTT and keep their counts. Ends on SIGTERM or "
        "Ctrl-C; waits for a broker that is away.",
        formatter_class=Help,
    )
    record.add_options(recording)

    showing = commands.add_parser(
        "show",
        help="serve the teacher's page",
        description=f"Serve the teacher's page on http://{LOOPBACK}. Ends on SIGTERM or Ctrl-C. "
        "Beyond this machine only with a login and TLS.",
        formatter_class=Help,
    )
    show.add_options(showing)

    accounts = commands.add_parser(
        "accounts",
        help="say who may look at which rooms",
        description="Add, list, remove accounts, or give one a new password. With an account, "
        "the page asks for a login. A password is read from the terminal or a file.",
        formatter_class=Help,
    )
    add_accounts(accounts)
    account_commands.add_options(accounts)

    gaps = commands.add_parser(
        "gaps",
        help="list the windows that did not come",
        description="List the windows that devices counted and that are not in the store, "
        "between others that are. A replay may still bring them. Moments are in UTC.",
        formatter_class=Help,
    )
    listing.add_gap_options(gaps)

    rejected = commands.add_parser(
        "rejected",
        help="list what was refused, and why",
        description="List how many messages were refused, by kind and cause, with the newest "
        "reason. Moments are in UTC.",
        formatter_class=Help,
    )
    add_store(rejected)
    return parser


if __name__ == "__main__":
    sys.exit(main())
