"""Compares what the devices kept with what the store has: lost, doubled, altered, unknown."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Row, select

from dashboard.database import open_database
from dashboard.schema import WINDOWS
from edge_agent.emotions import EMOTIONS
from edge_agent.messages import Counts, EmotionCounts
from tests.chaos.windows import SITE, Name, read_ledgers, window


@dataclass(frozen=True)
class Verdict:
    """What became of the windows.

    Attributes:
        kept: windows that a device had on its disk, by its ledger.
        stored: rows of the store.
        replayed: rows that came late, or again, after a lost connection.
        unnoted: rows of windows whose device was killed before it could note them.
        lost: windows that were kept and are not in the store.
        doubled: rows beyond the first of a window.
        altered: rows that differ from what the device counted.
        unknown: rows that no device has counted.
    """

    kept: int
    stored: int
    replayed: int
    unnoted: int
    lost: int
    doubled: int
    altered: int
    unknown: int

    @property
    def clean(self) -> bool:
        """Whether every window is in the store, once and as it was counted."""
        return not (self.lost or self.doubled or self.altered or self.unknown)


def compare(ledgers: Path, store_url: str, seed: int) -> Verdict:
    """Reads all ledgers and all rows of a store."""
    kept: set[Name] = set()
    perhaps: set[Name] = set()
    for (device, boot_id), numbers in read_ledgers(ledgers).items():
        kept.update(Name(device, boot_id, seq) for seq in numbers)
        # A kill between the disk and the ledger leaves one window that may arrive.
        perhaps.add(Name(device, boot_id, len(numbers)))
    engine, _ = open_database(store_url)
    with engine.connect() as connection:
        rows = connection.execute(select(WINDOWS)).all()
    engine.dispose()

    times: Counter[Name] = Counter()
    altered = unknown = 0
    for row in rows:
        name = Name(row.device, row.boot_id, row.seq)
        if row.site != SITE or name not in kept | perhaps:
            unknown += 1
            continue
        times[name] += 1
        altered += _as_sent(row) != window(seed, name)
    return Verdict(
        kept=len(kept),
        stored=len(rows),
        replayed=sum(row.replayed for row in rows),
        unnoted=len(perhaps & times.keys()),
        lost=len(kept - times.keys()),
        doubled=times.total() - len(times),
        altered=altered,
        unknown=unknown,
    )


def _as_sent(row: Row[tuple[object, ...]]) -> Counts | None:
    """The message that a row was made of, but never marked as replayed; None if no such exists."""
    values = {name: getattr(row, name) for name in Counts.model_fields if name in WINDOWS.c}
    people = {emotion: getattr(row, emotion) for emotion in EMOTIONS}
    try:
        counts = None if set(people.values()) == {None} else EmotionCounts(**people)
        return Counts(v=1, counts=counts, **values | {"replayed": False})
    except ValueError:
        return None
