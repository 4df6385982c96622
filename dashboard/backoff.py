"""How long to wait before the next try: longer each time, and never in step with others."""

import random


class Backoff:
    """Delays that double up to a longest, each shortened at random by up to a half."""

    def __init__(self, first_seconds: float, longest_seconds: float) -> None:
        """Begins with the first delay."""
        self._first_seconds, self._longest_seconds = first_seconds, longest_seconds
        self.reset()

    def reset(self) -> None:
        """A try went well: the next delay is the first again."""
        self._seconds = self._first_seconds

    def next_seconds(self) -> float:
        """The delay after one more failure."""
        delay = self._seconds * random.uniform(0.5, 1.0)
        self._seconds = min(2 * self._seconds, self._longest_seconds)
        return delay
