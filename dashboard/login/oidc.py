"""Login by a school's own identity provider, with Streamlit's OpenID Connect."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dashboard.login.accounts import Accounts, plain
from dashboard.login.person import Person
from dashboard.login.sessions import SESSION_SECONDS

USUAL_FILES: Final = (Path.home() / ".streamlit" / "secrets.toml", Path(".streamlit/secrets.toml"))


class OidcError(ValueError):
    """Secrets that cannot be used; one sentence says what to change."""


@dataclass(frozen=True)
class Oidc:
    """The provider checks who somebody is; the accounts say, by e-mail, what they may see."""

    accounts: Accounts

    def person(self, claims: Mapping[str, Any], now: float | None = None) -> Person | None:
        """Whoever the provider vouches for.

        Args:
            claims: what Streamlit holds of the identity token.
            now: seconds since 1970.

        Returns:
            None when nobody is logged in, or it was too long ago. Somebody without an account
            sees no room.

        Raises:
            AccountsError: when the accounts cannot be read.
        """
        if claims.get("is_logged_in") is not True:
            return None
        issued = claims.get("iat")
        now = time.time() if now is None else now
        if not isinstance(issued, int | float) or now - issued > SESSION_SECONDS:
            return None
        email = claims.get("email")
        # A provider that lets people write any address says so.
        if not isinstance(email, str) or claims.get("email_verified") is False:
            return Person("", is_administrator=False)
        account = self.accounts.get(plain(email))
        return Person(plain(email), False) if account is None else account.person(plain(email))


def find(given: Path | None) -> Path | None:
    """The secrets that configure a provider: those given, else Streamlit's usual files.

    Returns:
        None where no usual file has an ``[auth]`` part.

    Raises:
        OidcError: for a file that is given and has none, or that others may read.
    """
    for file in (given,) if given is not None else USUAL_FILES:
        if given is None and not file.exists():
            continue
        try:
            text = file.read_text(encoding="utf-8")
            mode = file.stat().st_mode
        except (OSError, UnicodeDecodeError) as error:
            raise OidcError(f"expected secrets in {file}, got: {error}") from error
        if not any(line.strip().startswith("[auth") for line in text.splitlines()):
            if given is not None:
                raise OidcError(f"expected a part [auth] in {file}, got none: see docs/server.md")
            continue
        if mode & 0o077:
            raise OidcError(
                f"{file}: expected a file that only its owner may read, got mode "
                f"{mode & 0o777:04o}: chmod 600 {file}"
            )
        return file
    return None
