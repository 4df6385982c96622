"""What a simulated fleet has done."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """What a fleet has done.

    Attributes:
        offered, acknowledged: windows put into the outboxes; windows that the broker has taken.
        began: when the first window ended, by `time.monotonic`.
        offer_seconds: from then to the last window.
        seconds: from the first window to the last acknowledgement.
        connect_seconds: until all were connected.
        latency_ms: median, 95th and 99th percentile from a window's end to its acknowledgement;
            seen in steps of 5 ms.
        reconnects: connections that were lost and made again.
        cpu_share: of one core, while windows were offered.
        memory_mb: resident memory, 10^6 bytes.
    """

    offered: int
    acknowledged: int
    began: float
    offer_seconds: float
    seconds: float
    connect_seconds: float
    latency_ms: tuple[float, float, float]
    reconnects: int
    cpu_share: float
    memory_mb: float

    def __str__(self) -> str:
        p50, p95, p99 = self.latency_ms
        return (
            f"windows      {self.offered} offered, {self.acknowledged} acknowledged in "
            f"{self.seconds:.1f} s: {self.acknowledged / self.seconds:.0f} a second\n"
            f"latency      {p50:.0f} ms median, {p95:.0f} ms 95 %, {p99:.0f} ms 99 %\n"
            f"connections  all after {self.connect_seconds:.1f} s, {self.reconnects} made again\n"
            f"simulator    {100 * self.cpu_share:.0f} % of a core, {self.memory_mb:.0f} MB"
        )


def percentiles(latencies_ms: Sequence[float]) -> tuple[float, float, float]:
    """Median, 95th and 99th; not a number where there are none."""
    if len(latencies_ms) < 2:
        return (math.nan, math.nan, math.nan)
    steps = statistics.quantiles(latencies_ms, n=100)
    return (steps[49], steps[94], steps[98])
