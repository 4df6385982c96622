"""Two benchmarks of one board: what became worse beyond noise."""

import statistics
from dataclasses import dataclass
from typing import Final

from converter.results import Results, Row

LEAST_SLOWDOWN: Final = 0.05
"""What two runs of the same file on the same board differ by anyway."""
_MEMORY: Final = 0.10
_SIZE: Final = 0.01
_COLD: Final = 0.30
_ACCURACY: Final = 0.003


@dataclass(frozen=True)
class Comparison:
    """Sentences: about the board as a whole, and one for each figure that became worse."""

    notes: list[str]
    worse: list[str]


def compare(now: Results, before: Results) -> Comparison:
    """Compares what both have; times by their ratios to the reference when it is the same.

    The ratios of a round are of the same seconds, so that a slower board slows both alike. What
    most ratios moved by is taken out: then it was the reference that moved.
    """
    earlier = {row.key: row for row in before.rows}
    pairs = [(row, earlier[row.key]) for row in now.rows if row.key in earlier]
    notes = [
        f"{name}: {value} (was {before.facts[name]})"
        for name, value in now.facts.items()
        if name in ("board", "governor", "throttled", "runtime", "instruction sets")
        and before.facts.get(name, value) != value
    ]
    if not pairs:
        return Comparison([*notes, "no network was measured in both"], [])
    drift = statistics.median(new.median_us / old.median_us for new, old in pairs)
    notes.append(f"{len(pairs)} rows compared; the times of all are {drift:.2f} times the earlier")
    same = now.rows[0].key == before.rows[0].key and now.rows[0].sha256 == before.rows[0].sha256
    if not same:
        notes.append("the references differ: times are compared after taking that out")
    changes: dict[int, list[float]] = {}
    for new, old in pairs:
        changes.setdefault(new.threads, []).append(new.ratio / old.ratio)
    worse = []
    for new, old in pairs:
        moved = statistics.median_low(changes[new.threads]) if same else None
        worse += [f"{_name(new)}: {text}" for text in _worse(new, old, moved, drift)]
    return Comparison(notes, worse)


def _worse(new: Row, old: Row, moved: float | None, drift: float) -> list[str]:
    """What became worse; `moved` is by what most ratios did, None without a common reference."""
    found = []
    if moved is not None:
        slower = new.ratio / old.ratio / moved
        apart = new.ratio_low / moved > old.ratio_high
    else:
        slower = new.median_us / old.median_us / drift
        apart = new.low_us / drift > old.high_us
    # Both: beyond what rounds differ by, and beyond what runs differ by.
    if apart and slower > 1 + LEAST_SLOWDOWN:
        found.append(f"{slower - 1:.0%} slower ({old.median_us:.1f} to {new.median_us:.1f} µs)")
    if new.cold_ms > old.cold_ms * max(drift, 1) * (1 + _COLD):
        found.append(f"cold start {new.cold_ms:.0f} ms, was {old.cold_ms:.0f} ms")
    if new.peak_mb > old.peak_mb * (1 + _MEMORY):
        found.append(f"peak memory {new.peak_mb:.1f} MB, was {old.peak_mb:.1f} MB")
    if new.size_kb > old.size_kb * (1 + _SIZE):
        found.append(f"file {new.size_kb:.0f} kB, was {old.size_kb:.0f} kB")
    if (new.outside or 0) > (old.outside or 0):
        found.append(f"{new.outside} operators outside XNNPACK, were {old.outside}")
    if new.accuracy is not None and old.accuracy is not None and new.pictures == old.pictures:
        lost = old.accuracy - new.accuracy
        if lost > _ACCURACY:
            found.append(f"accuracy {new.accuracy:.1%}, was {old.accuracy:.1%}")
    return found


def _name(row: Row) -> str:
    return f"{row.network} {row.precision}, batch {row.batch}, threads: {row.threads}"
