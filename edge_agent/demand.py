"""How many frames a second somebody wants, and whether anybody still does."""

import time
from collections.abc import Callable
from typing import Final

_ASK_SECONDS: Final = 0.1


class Demand:
    """Says when the next frame is due.

    Args:
        frames_per_second: how many are wanted.
        stopping: asked every tenth of a second; once it is true, nobody waits any more.

    Attributes:
        frames_per_second: may be set at any time; it holds from the next frame on.
    """

    def __init__(
        self, frames_per_second: float, stopping: Callable[[], bool] = lambda: False
    ) -> None:
        self.frames_per_second = frames_per_second
        self.stopping = stopping

    def next_due(self, due: float, now: float) -> float:
        """When the next frame is wanted: in step with the last, or from now on if that is over."""
        step = 1 / self.frames_per_second
        return due + step if due + step > now else now + step

    def wait_until(self, moment: float) -> bool:
        """Sleeps until a moment of monotonic time; False when told to stop before."""
        while not self.stopping():
            left = moment - time.monotonic()
            if left <= 0:
                return True
            time.sleep(min(left, _ASK_SECONDS))
        return False
