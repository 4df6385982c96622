"""Keeps a log readable, and a disk unfilled, when the same trouble comes thousands of times."""

import logging
import time
from typing import Final

_LOG_SECONDS: Final = 60.0


class SparingLog:
    """Logs a warning at most once a minute, and says how many it left out."""

    def __init__(self, log: logging.Logger) -> None:
        """Nothing is logged yet."""
        self._log = log
        self._next = 0.0
        self._left_out = 0

    def warn(self, text: str, value: object) -> None:
        """Logs ``text`` with its one ``%s`` filled in, or counts it."""
        if time.monotonic() < self._next:
            self._left_out += 1
            return
        left_out = f" (and {self._left_out} more since the last)" if self._left_out else ""
        self._log.warning(text + "%s", value, left_out)
        self._next, self._left_out = time.monotonic() + _LOG_SECONDS, 0
