"""Lets people in: checks name and password, slowly for whoever guesses, and knows who is in."""

import logging
from pathlib import Path
from typing import Final

from dashboard.login import passwords
from dashboard.login.accounts import Accounts, AccountsError, plain
from dashboard.login.attempts import Attempts
from dashboard.login.person import Person
from dashboard.login.sessions import Sessions
from dashboard.sparing_log import SparingLog

COOKIE: Final = "classroom_session"

log = logging.getLogger(__name__)


class TooManyTriesError(Exception):
    """Too many failed logins.

    Attributes:
        seconds: until the next one is looked at.
    """

    def __init__(self, seconds: float) -> None:
        """Keeps the seconds."""
        super().__init__(f"too many failed logins: wait {seconds:.0f} s")
        self.seconds = seconds


class Desk:
    """Local accounts and who is logged in with them. Safe to use from several threads.

    Args:
        accounts: the file.
    """

    def __init__(
        self, accounts: Path, *, sessions: Sessions | None = None, attempts: Attempts | None = None
    ) -> None:
        self.accounts = Accounts(accounts)
        self._sessions = Sessions() if sessions is None else sessions
        self._attempts = Attempts() if attempts is None else attempts
        self._refusals = SparingLog(log)

    def log_in(self, name: str, password: str, address: str | None) -> str | None:
        """Checks name and password; takes about as long for a name that nobody has.

        Args:
            address: of whoever asks, or None where it is not known.

        Returns:
            The token for the browser's cookie; None when they do not belong together.

        Raises:
            TooManyTriesError: when the account or the address has to wait.
            AccountsError: when the accounts cannot be read.
        """
        name = plain(name)[:100]
        wait = self._attempts.begin(name, address)
        if wait > 0:
            raise TooManyTriesError(wait)
        account = self.accounts.get(name)
        stored = account.password if account else None
        if not passwords.matches(password, stored) or stored is None:
            # Not the name: some type their password there.
            self._refusals.warn("A login failed, from %s", address or "an unknown address")
            return None
        self._attempts.succeeded(name, address)
        return self._sessions.begin(name, stored)

    def person(self, token: str | None) -> Person | None:
        """Whoever holds a token; None when nobody does, or not any more."""
        session = self._sessions.get(token) if token else None
        if token is None or session is None:
            return None
        try:
            account = self.accounts.get(session.name)
        except AccountsError as error:
            self._refusals.warn("%s", error)
            return None
        if account is None or account.password != session.password:
            self._sessions.end(token)
            return None
        return account.person(session.name)

    def log_out(self, token: str | None) -> None:
        """Ends a session."""
        if token:
            self._sessions.end(token)
