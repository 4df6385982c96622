"""Who is logged in: random tokens in memory, which end on logout and after a school day."""

import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

SESSION_SECONDS: Final = 10 * 3600.0
_MOST_KEPT: Final = 10_000


@dataclass(frozen=True)
class Session:
    """Somebody who has logged in.

    Attributes:
        name: of the account.
        password: its hash at that time; another one ends the session.
        until: when it ends, by the clock of `Sessions`.
    """

    name: str
    password: str
    until: float


class Sessions:
    """The sessions of this process; the oldest goes where there are too many.

    Only hashes of the tokens are kept. Safe to use from several threads.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: OrderedDict[bytes, Session] = OrderedDict()

    def begin(self, name: str, password: str) -> str:
        """Starts a session and returns its token, which is only ever in the browser's cookie."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            session = Session(name, password, self._clock() + SESSION_SECONDS)
            self._sessions[_key(token)] = session
            while len(self._sessions) > _MOST_KEPT or self._oldest().until <= self._clock():
                self._sessions.popitem(last=False)
        return token

    def get(self, token: str) -> Session | None:
        """The session of a token, or None when there is none or it has ended."""
        with self._lock:
            session = self._sessions.get(_key(token))
            if session is not None and session.until <= self._clock():
                del self._sessions[_key(token)]
                return None
            return session

    def end(self, token: str) -> None:
        """Ends the session of a token, if there is one."""
        with self._lock:
            self._sessions.pop(_key(token), None)

    def _oldest(self) -> Session:
        return next(iter(self._sessions.values()))


def _key(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
