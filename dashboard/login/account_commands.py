"""``python -m dashboard accounts``: who may look, on the command line."""

import argparse
import getpass
import sys
from pathlib import Path
from typing import Final

from dashboard.login import passwords
from dashboard.login.accounts import Account, Accounts, AccountsError, plain
from dashboard.login.person import ROLES

_ACTIONS: Final = ("add", "list", "remove", "password")


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("action", choices=_ACTIONS, help="what to do")
    parser.add_argument(
        "name", nargs="?", help="of the account, such as anna; with OIDC her e-mail address"
    )
    parser.add_argument("--role", choices=ROLES, default=ROLES[0], help="an administrator sees all")
    parser.add_argument(
        "--rooms",
        metavar="ROOM",
        nargs="+",
        default=[],
        help="what a teacher sees: site/device, or site/* for all of a site (in quotes)",
    )
    parser.add_argument(
        "--password-file",
        metavar="FILE",
        type=Path,
        help="file with the password; without it, the terminal asks",
    )
    parser.add_argument(
        "--no-password",
        action="store_true",
        help="for somebody whom the OIDC provider lets in",
    )


def run(options: argparse.Namespace) -> None:
    """Does what was asked.

    Raises:
        AccountsError: when it cannot be done.
    """
    accounts = Accounts(options.accounts)
    if options.action == "list":
        print(_table(accounts.all()))
        return
    if not options.name:
        raise AccountsError(f"expected a name to {options.action}, got none")
    name = plain(options.name)
    if options.action == "add":
        _add(accounts, name, options)
    elif options.action == "remove":
        accounts.remove(name)
        print(f"{name} is removed, and logged out.")
    else:
        account = accounts.get(name)
        if account is None:
            raise AccountsError(f"expected the name of an account, got {name!r}")
        password = passwords.hashed(_read_password(options.password_file))
        accounts.put(name, account.model_copy(update={"password": password}))
        print(f"{name} has a new password, and is logged out.")


def _add(accounts: Accounts, name: str, options: argparse.Namespace) -> None:
    if accounts.get(name) is not None:
        raise AccountsError(f"expected a new name, got {name!r}, which is there: remove it first")
    if options.role == "teacher" and not options.rooms:
        raise AccountsError("expected --rooms for a teacher, such as --rooms my-school/room-101")
    if options.role == "administrator" and options.rooms:
        raise AccountsError("expected no --rooms for an administrator, who sees all")
    # A wrong name or room is said before somebody types a password twice.
    account = Account(role=options.role, rooms=tuple(dict.fromkeys(options.rooms)))
    accounts.check(name, account)
    if not options.no_password:
        password = passwords.hashed(_read_password(options.password_file))
        account = account.model_copy(update={"password": password})
    accounts.put(name, account)
    print(f"{name} is added to {accounts.path}. Restart the page if it was without a login.")


def _read_password(file: Path | None) -> str:
    if file is not None:
        try:
            password = file.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise AccountsError(
                f"expected a password in --password-file {file}, got: {error}"
            ) from error
    elif sys.stdin.isatty():
        password = getpass.getpass("New password: ")
        if getpass.getpass("The same again: ") != password:
            raise AccountsError("expected the same password twice, got two: try again")
    else:
        raise AccountsError("expected a terminal to ask for a password: give --password-file")
    unfit = passwords.why_unfit(password)
    if unfit is not None:
        raise AccountsError(unfit)
    return password


def _table(accounts: dict[str, Account]) -> str:
    rows = [("NAME", "ROLE", "LOGIN", "ROOMS")]
    for name, account in accounts.items():
        rooms = " ".join(account.rooms) if account.role == "teacher" else "all"
        rows.append((name, account.role, "password" if account.password else "OIDC", rooms))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
