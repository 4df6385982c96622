"""Chooses a variant under the engineer's limits from a benchmark's results."""

from dataclasses import dataclass

from converter.results import Results, Row
from converter.workers import BenchmarkError


@dataclass(frozen=True)
class Limits:
    """What a network may cost on the board, and what it must reach; None is no limit.

    Attributes:
        max_us: microseconds a face, the median on one thread.
        max_kb: size of the file (10^3 bytes).
        min_accuracy: on PublicTest, 0..1.
    """

    max_us: float | None = None
    max_kb: float | None = None
    min_accuracy: float | None = None

    def refuses(self, row: Row) -> str | None:
        """Why a row is out; None when it is within."""
        if self.max_us is not None and row.median_us > self.max_us:
            return f"{row.median_us:.0f} µs"
        if self.max_kb is not None and row.size_kb > self.max_kb:
            return f"{row.size_kb:.0f} kB"
        if self.min_accuracy is not None and (row.accuracy or 0) < self.min_accuracy:
            return f"{row.accuracy or 0:.1%} right"
        return None


def pick(results: Results, limits: Limits) -> Row:
    """The most accurate variant within the limits; of equally good ones the quickest.

    Only full int8 for one face at a time on one thread is asked: that is what the agent runs.

    Raises:
        BenchmarkError: when none is within, with the nearest misses.
    """
    rows = [
        row
        for row in results.rows
        if row.kind == "emotion"
        and row.precision == "int8"
        and (row.batch, row.threads) == (1, 1)
        and row.accuracy is not None
        and row.parameters is not None
    ]
    if not rows:
        raise BenchmarkError(
            "expected results of int8 networks for one face on one thread with their accuracy, "
            "got none; give benchmark --data, and convert --precision int8"
        )
    best = sorted(rows, key=lambda row: (-(row.accuracy or 0), row.median_us))
    for row in best:
        if limits.refuses(row) is None:
            return row
    misses = "; ".join(f"{row.network} {limits.refuses(row)}" for row in best[:5])
    raise BenchmarkError(f"expected a network within the limits, got none: {misses}")
