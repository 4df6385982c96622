"""How many frames a second to look at: fewer on a hot, slowed down or busy processor."""

import time
from typing import Final

from edge_agent.config import Settings

_SLOWER: Final = 0.75
_FASTER: Final = 1.25
_COOLER_C: Final = 5.0


class FrameRate:
    """A rate that falls by a quarter with each reading that is too high.

    It rises again by a quarter only once a reading leaves room for that, so that it does not
    swing.

    Args:
        target: frames a second when all is well.
        least: frames a second below which it does not fall.
        max_temperature_c: above it, fewer are looked at.
        max_cpu_share: of one core; above it, fewer are looked at.

    Attributes:
        frames_per_second: the rate now.
    """

    def __init__(
        self, *, target: float, least: float, max_temperature_c: float, max_cpu_share: float
    ) -> None:
        self._target = target
        self._least = min(least, target)
        self._max_temperature_c = max_temperature_c
        self._max_cpu_share = max_cpu_share
        self.frames_per_second = target

    def update(
        self, *, temperature_c: float | None, throttled: bool | None, cpu_share: float
    ) -> float:
        """Takes a reading; returns the new rate.

        Args:
            temperature_c: of the processor; None where the machine does not tell.
            throttled: whether the machine slows it down; None where it does not tell.
            cpu_share: of one core, since the last reading.
        """
        # How far below the limit it is.
        margin = _COOLER_C if temperature_c is None else self._max_temperature_c - temperature_c
        if throttled or margin < 0 or cpu_share > self._max_cpu_share:
            rate = max(self._least, self.frames_per_second * _SLOWER)
        elif margin >= _COOLER_C and cpu_share * _FASTER <= self._max_cpu_share:
            rate = min(self._target, self.frames_per_second * _FASTER)
        else:
            rate = self.frames_per_second
        self.frames_per_second = rate
        return rate


def frame_rate(settings: Settings) -> FrameRate:
    """The one that the settings ask for."""
    pace = settings.pace
    return FrameRate(
        target=settings.camera.frames_per_second,
        least=pace.min_frames_per_second,
        max_temperature_c=pace.max_temperature_c,
        max_cpu_share=pace.max_cpu_share,
    )


class CpuShare:
    """How much of a core this process takes, with all its threads."""

    def __init__(self) -> None:
        self._processor, self._wall = time.process_time(), time.monotonic()

    def compute(self) -> float:
        """Processor seconds a second since the last call, or since the beginning."""
        processor, wall = time.process_time(), time.monotonic()
        share = (processor - self._processor) / max(wall - self._wall, 1e-3)
        self._processor, self._wall = processor, wall
        return share
