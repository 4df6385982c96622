"""Measures what one window takes in the store and in the outbox."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Final

import psutil
from sqlalchemy import Connection, delete, func, select

from dashboard.batch import Batch
from dashboard.database import open_database
from dashboard.inbox import BATCH_MESSAGES
from dashboard.schema import WINDOWS
from dashboard.store import Store
from deploy.fleet.plan import SITE, Plan
from edge_agent.config import OutboxSettings
from edge_agent.messages import Counts
from edge_agent.outbox import Outbox

ROOMS: Final = 30
"""A school: rows of its rooms come in turns, as a recorder sees them."""
STORED: Final = 100_000
WAITING: Final = 2_000
WRITTEN: Final = 720


class FootprintError(Exception):
    """Why something cannot be measured, in one sentence."""


@dataclass(frozen=True)
class OutboxFootprint:
    """Bytes of one window in the outbox.

    Attributes:
        waiting: of the file, while the broker is away.
        written: given to the system for a window that comes and, acknowledged, goes again.
        to_disk: the same as whole pages of the disk; 0 where the folder is in memory.
    """

    waiting: float
    written: float
    to_disk: float


def stored(plan: Plan, store: str) -> float:
    """Bytes a window in a store, with its indexes.

    Raises:
        StoreError: where the store cannot be used.
        FootprintError: where it has windows already.
    """
    empty = _size(store, must_be_empty=True)
    opened = Store(store)
    try:
        windows = plan.all_windows()
        while chunk := list(islice(windows, BATCH_MESSAGES)):
            batch = Batch()
            for window in chunk:
                batch.add_counts(SITE, window, window.window_end + timedelta(seconds=1))
            opened.write(batch)
    finally:
        opened.close()
    full = _size(store)
    with _connected(store) as connection:
        connection.execute(delete(WINDOWS).where(WINDOWS.c.site == SITE))
    return (full - empty) / plan.windows


def outbox(plan: Plan, folder: Path) -> OutboxFootprint:
    """Bytes a window in an outbox on disk."""
    file = folder / "waiting.db"
    kept = Outbox(file)
    before = file.stat().st_size
    for window in islice(plan.all_windows(), WAITING):
        kept.put(window)
    kept.close()
    waiting = (file.stat().st_size - before) / WAITING

    # An acknowledged window goes a minute later, with the write that brings a new one; here the
    # minute is as many windows as it lasts.
    passed = Outbox(folder / "passed.db", keep_seconds=0)
    minute = max(1, round(OutboxSettings().keep_seconds / plan.window_seconds))
    positions: list[int] = []

    def let_pass(window: Counts) -> None:
        passed.put(window)
        taken = passed.take(minute + 1)
        assert taken is not None
        positions.append(taken.position)
        if len(positions) > minute:
            passed.acknowledge(positions.pop(0))

    passing = islice(plan.all_windows(), 2 * WRITTEN)
    for window in islice(passing, WRITTEN):
        let_pass(window)  # until the file has its usual size
    before_io = psutil.Process().io_counters()
    for window in passing:
        let_pass(window)
    after_io = psutil.Process().io_counters()
    passed.close()
    return OutboxFootprint(
        waiting=waiting,
        written=(after_io.write_chars - before_io.write_chars) / WRITTEN,
        to_disk=(after_io.write_bytes - before_io.write_bytes) / WRITTEN,
    )


def _size(store: str, *, must_be_empty: bool = False) -> int:
    Store(store).close()
    with _connected(store) as connection:
        known = connection.scalar(select(func.count()).select_from(WINDOWS))
        if must_be_empty and known:
            raise FootprintError(
                f"expected a store without windows, got one with {known}: name a new one"
            )
        if connection.dialect.name == "postgresql":
            return int(connection.scalar(select(func.pg_total_relation_size("windows"))) or 0)
        path = connection.engine.url.database
    assert path is not None
    return Path(path).stat().st_size


@contextmanager
def _connected(store: str) -> Iterator[Connection]:
    engine, _ = open_database(store)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()
