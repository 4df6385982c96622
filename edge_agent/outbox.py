"""Finished windows on their way to the broker: in memory, bounded, in order."""

import threading
from collections import deque

from edge_agent.messages import Counts

CAPACITY = 17_280
"""A day of 5-second windows."""


class Outbox:
    """A queue whose head is removed only when the broker has acknowledged it.

    Safe for several threads. When full, the oldest window goes; the gap in ``seq`` shows it.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._waiting: deque[Counts] = deque(maxlen=capacity)
        self._sent: dict[int, Counts] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        with self._lock:
            return len(self._waiting) + len(self._sent)

    @property
    def waiting(self) -> bool:
        """Whether a window is not even on its way."""
        return bool(self._waiting)

    def put(self, window: Counts) -> None:
        """Adds a window at the end."""
        with self._lock:
            self._waiting.append(window)

    def take(self, max_in_flight: int) -> Counts | None:
        """The next window to send; None when there is none or enough are on their way."""
        with self._lock:
            if not self._waiting or len(self._sent) >= max_in_flight:
                return None
            window = self._waiting.popleft()
            self._sent[window.seq] = window
            return window

    def acknowledge(self, seq: int) -> None:
        """Forgets a window that the broker has."""
        with self._lock:
            self._sent.pop(seq, None)

    def return_unacknowledged(self) -> None:
        """Puts what was on its way back in front, marked as replayed, after a lost connection."""
        with self._lock:
            back = [
                window.model_copy(update={"replayed": True})
                for _, window in sorted(self._sent.items())
            ]
            self._sent.clear()
            waiting = [w.model_copy(update={"replayed": True}) for w in self._waiting]
            # A full deque drops from its left: the oldest goes.
            self._waiting.clear()
            self._waiting.extend([*back, *waiting])
