"""How the device feels: stage times, temperature, throttling, memory."""

import ctypes
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from edge_agent.messages import StageTimes

STAGES: Final = ("capture", "detect", "classify", "count")
_TIME_ERROR: Final = 5


class StageTimer:
    """Collects how long each stage takes since the last report."""

    def __init__(self) -> None:
        self._seconds: dict[str, list[float]] = {stage: [] for stage in STAGES}
        self._since = time.monotonic()

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Times the body."""
        start = time.perf_counter()
        yield
        self.add(stage, time.perf_counter() - start)

    def add(self, stage: str, seconds: float) -> None:
        """Takes a time that was measured elsewhere."""
        self._seconds[stage].append(seconds)

    def compute(self) -> tuple[float, StageTimes]:
        """Frames a second and the median milliseconds a frame of each stage; then starts anew."""
        now = time.monotonic()
        frames = len(self._seconds["detect"]) / max(now - self._since, 1e-9)
        medians = {
            stage: round(1000 * statistics.median(values), 3) if values else 0.0
            for stage, values in self._seconds.items()
        }
        self._since = now
        for values in self._seconds.values():
            values.clear()
        return round(frames, 2), StageTimes(**medians)


def memory_mb() -> float:
    """Resident memory of this process in megabytes (10^6 bytes)."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    import resource

    return round(pages * resource.getpagesize() / 1e6, 1)


def cpu_temperature_c() -> float | None:
    """Degrees Celsius of the processor; None where the machine does not tell."""
    try:
        degrees = int(Path("/sys/class/thermal/thermal_zone0/temp").read_text()) / 1000
    except (OSError, ValueError):
        return None
    # A sensor that is not there may read as absolute zero or worse.
    return degrees if -60 <= degrees <= 200 else None


def throttled() -> bool | None:
    """Whether a Raspberry Pi is slowed down or short of power now; None on other boards."""
    flags = Path("/sys/devices/platform/soc/soc:firmware/get_throttled")
    try:
        # The low bits tell of now, the high ones of some time since boot.
        return bool(int(flags.read_text(), 16) & 0xF)
    except (OSError, ValueError):
        return None


def clock_synced() -> bool:
    """Whether the kernel says that its clock follows a time server."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        # struct timex, of which only modes = 0 (read) at its start matters.
        return 0 <= libc.adjtimex(ctypes.create_string_buffer(256)) < _TIME_ERROR
    except (OSError, AttributeError):
        return False
