"""Slows down whoever guesses passwords: failed logins are counted by account and by address."""

import ipaddress
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

ACCOUNT_TRIES: Final = 10
ADDRESS_TRIES: Final = 40
"""A school may be behind one address, so that it has more than an account."""
WITHIN_SECONDS: Final = 900.0
_MOST_KEPT: Final = 10_000


class Attempts:
    """Failed logins of the last quarter of an hour, at most so many names and addresses of each.

    Safe to use from several threads.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._accounts = _Tries(ACCOUNT_TRIES)
        self._addresses = _Tries(ADDRESS_TRIES)

    def begin(self, account: str, address: str | None) -> float:
        """Notes a try before its password is checked, so that many at once help nobody.

        Names that nobody has are counted like others, so that the answer tells nothing.

        Args:
            address: an IP address, or None where it is not known.

        Returns:
            Seconds to wait, where there were too many; 0 where the password may be checked.
        """
        now = self._clock()
        network = None if address is None else _network(address)
        with self._lock:
            wait = self._accounts.wait_seconds(account, now)
            if network is not None:
                wait = max(wait, self._addresses.wait_seconds(network, now))
            if wait <= 0:
                self._accounts.note(account, now)
                if network is not None:
                    self._addresses.note(network, now)
        return wait

    def succeeded(self, account: str, address: str | None) -> None:
        """Forgets the account's failures, and takes back this try of the address."""
        with self._lock:
            self._accounts.forget(account)
            if address is not None:
                self._addresses.take_back(_network(address))

    def __len__(self) -> int:
        """How many names and addresses are remembered."""
        return len(self._accounts.moments) + len(self._addresses.moments)


class _Tries:
    def __init__(self, most: int) -> None:
        self._most = most
        self.moments: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_seconds(self, key: str, now: float) -> float:
        moments = self.moments.get(key)
        while moments and now - moments[0] >= WITHIN_SECONDS:
            moments.popleft()
        if not moments or len(moments) < self._most:
            return 0.0
        return moments[0] + WITHIN_SECONDS - now

    def note(self, key: str, now: float) -> None:
        self.moments.setdefault(key, deque(maxlen=self._most)).append(now)
        self.moments.move_to_end(key)
        if len(self.moments) > _MOST_KEPT:
            self.moments.popitem(last=False)

    def forget(self, key: str) -> None:
        self.moments.pop(key, None)

    def take_back(self, key: str) -> None:
        if self.moments.get(key):
            self.moments[key].pop()


def _network(address: str) -> str:
    """An IPv4 address, or an IPv6 network of 64 bits, of which one household has all."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))
    return address
