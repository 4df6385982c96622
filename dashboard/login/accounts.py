"""The local accounts: a file that only its owner may read, outside of the repository."""

import os
import re
import tempfile
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dashboard.login.person import Person, Role, is_room_pattern
from edge_agent.messages import describe

ACCOUNTS_VARIABLE: Final = "DASHBOARD_ACCOUNTS"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,99}")


class AccountsError(RuntimeError):
    """Accounts that cannot be used; one sentence says what to change."""


class Account(BaseModel):
    """One account.

    Attributes:
        rooms: what a teacher sees: ``site/device``, or ``site/*``.
        password: its Argon2 hash; None where somebody else checks the password (OIDC).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Role
    rooms: tuple[str, ...] = ()
    password: str | None = None

    def person(self, name: str) -> Person:
        """The person behind it."""
        return Person(name, self.role == "administrator", self.rooms)


class _Content(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: Literal[1] = 1
    accounts: dict[Annotated[str, Field(max_length=100)], Account] = {}


def default_path() -> Path:
    """Where the accounts are unless somebody says otherwise."""
    given = os.environ.get(ACCOUNTS_VARIABLE)
    if given:
        return Path(given)
    folder = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(folder) / "classroom-emotion-counts" / "accounts.json"


def plain(name: str) -> str:
    """A name as it is kept: without spaces around it, in small letters."""
    return name.strip().lower()


class Accounts:
    """The accounts of a file; what is written later, by whomever, is seen at the next look.

    Args:
        path: the file; may be missing, which is no account at all.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None
        self._accounts: dict[str, Account] = {}

    def get(self, name: str) -> Account | None:
        """The account of that name, or None.

        Raises:
            AccountsError: when the file cannot be used.
        """
        return self.all().get(name)

    def all(self) -> dict[str, Account]:
        """Every account by its name.

        Raises:
            AccountsError: when the file cannot be read, holds no accounts, or others may read it.
        """
        try:
            state = self.path.stat()
            seen = (state.st_mtime_ns, state.st_ino, state.st_size)
            if seen == self._seen:
                return self._accounts
            if state.st_mode & 0o077:
                raise AccountsError(
                    f"{self.path}: expected a file that only its owner may read, got mode "
                    f"{state.st_mode & 0o777:04o}: chmod 600 {self.path}"
                )
            content = _Content.model_validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise AccountsError(
                f"{self.path}: expected a readable file of accounts, got: {error.strerror}"
            ) from error
        except ValidationError as error:
            raise AccountsError(
                # Not what it holds: that may be a password's hash.
                f"{self.path}: expected accounts as `python -m dashboard accounts` writes them, "
                f"got {describe(error).partition(', got ')[0]}"
            ) from error
        self._seen, self._accounts = seen, content.accounts
        return self._accounts

    def check(self, name: str, account: Account) -> None:
        """Refuses what cannot be kept.

        Raises:
            AccountsError: for a name or a room that is none.
        """
        if not _NAME.fullmatch(name):
            raise AccountsError(
                "expected a name of small letters, digits and . _ @ + -, such as anna or "
                f"anna@school.example, got {name[:100]!r}"
            )
        for room in account.rooms:
            if not is_room_pattern(room):
                raise AccountsError(
                    f"expected rooms as site/device, or site/* for all of a site, got {room!r}"
                )

    def put(self, name: str, account: Account) -> None:
        """Adds an account, or takes the place of an earlier one.

        Raises:
            AccountsError: for what `check` refuses, or a file that cannot be written.
        """
        self.check(name, account)
        self._write({**self.all(), name: account})

    def remove(self, name: str) -> None:
        """Deletes an account; whoever is logged in with it is out at once.

        Raises:
            AccountsError: when there is none, or the file cannot be written.
        """
        left = dict(self.all())
        if left.pop(name, None) is None:
            raise AccountsError(
                f"expected the name of an account in {self.path}, got {name!r}: "
                "`python -m dashboard accounts list` names them"
            )
        self._write(left)

    def _write(self, accounts: dict[str, Account]) -> None:
        """Writes the file beside its place, for the owner alone, and then puts it there."""
        content = _Content(accounts=dict(sorted(accounts.items())))
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor, temporary = tempfile.mkstemp(dir=self.path.parent)  # mode 0600
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(content.model_dump_json(indent=2) + "\n")
                stream.flush()
                os.fsync(stream.fileno())
            Path(temporary).replace(self.path)
        except OSError as error:
            raise AccountsError(
                f"{self.path}: expected a folder that can be written, got: {error.strerror}"
            ) from error
