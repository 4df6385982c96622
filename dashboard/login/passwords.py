"""Hashes and checks passwords with Argon2id, in the same time for a name that nobody has."""

import threading
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST: Final = 12
LONGEST: Final = 200
# 19 MiB and two passes are what OWASP asks for at least; a school's small server has many at once.
_HASHER: Final = PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=1)
_AT_ONCE: Final = threading.BoundedSemaphore(2)
"""So many checks at once, that strangers cannot fill the memory."""
_NOBODYS: Final = _HASHER.hash("a password that nobody has")


def why_unfit(password: str) -> str | None:
    """Why a new password cannot be taken, in one sentence; None when it can."""
    if not SHORTEST <= len(password) <= LONGEST:
        return (
            f"expected a password of {SHORTEST} to {LONGEST} characters, got {len(password)}: "
            "four words that do not belong together are long enough"
        )
    return None


def hashed(password: str) -> str:
    """The Argon2id hash, with its own salt and costs in it."""
    return _HASHER.hash(password)


def matches(password: str, stored: str | None) -> bool:
    """Whether a password is the one behind a hash.

    Args:
        stored: the hash; None for an account that does not exist or has no password: it takes
            the same time, and the answer is no.
    """
    if len(password) > LONGEST:
        return False
    with _AT_ONCE:
        try:
            right = _HASHER.verify(stored or _NOBODYS, password)
        except (VerificationError, InvalidHashError):
            return False
    return right and stored is not None
