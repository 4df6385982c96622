"""Compares a store with what a fleet has sent: windows lost, doubled or altered."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, func, select

from dashboard.database import open_database
from dashboard.schema import WINDOWS
from deploy.fleet.plan import SITE, Plan
from edge_agent.emotions import EMOTIONS
from edge_agent.messages import Counts

_PATIENCE_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.5
_CHUNK: Final = 10_000
_SENT: Final = (
    *("device", "boot_id", "seq", "window_start", "window_end", "clock_synced", "frames"),
    *("suppressed", "faces", *EMOTIONS, "uncertain"),
)
"""All that a device says of a window but `replayed`: sending it again changes that alone."""


@dataclass(frozen=True)
class Verdict:
    """How many windows of a plan a store has, lacks, has twice, or has with other numbers."""

    kept: int
    lost: int
    doubled: int
    altered: int

    @property
    def clean(self) -> bool:
        """Whether the store has every window once, as it was sent."""
        return not (self.lost or self.doubled or self.altered)

    def __str__(self) -> str:
        return f"{self.lost} lost, {self.doubled} doubled, {self.altered} altered"


def check(store: str, plan: Plan) -> Verdict:
    """Looks at every window of a plan in a store.

    Raises:
        StoreError: when the store cannot be opened.
    """
    expected = {_name(window): window for window in plan.all_windows()}
    kept = doubled = altered = 0
    seen: set[tuple[str, str, int]] = set()
    for row in _rows(store, plan):
        name = (row.device, row.boot_id, row.seq)
        if name in seen:
            doubled += 1
        elif name in expected:
            seen.add(name)
            kept += 1
            # As sent: a message has milliseconds.
            sent = Counts.model_validate_json(expected[name].to_json())
            altered += tuple(row)[: len(_SENT)] != _values(sent)
    return Verdict(kept, len(expected) - kept, doubled, altered)


def await_all(store: str, plan: Plan) -> None:
    """Returns once a store has as many windows as a plan, or gets no more for a while."""
    known, until = -1, 0.0
    while (found := count(store, plan)) < plan.windows and (
        found > known or time.monotonic() < until
    ):
        if found > known:
            known, until = found, time.monotonic() + _PATIENCE_SECONDS
        time.sleep(_LOOK_SECONDS)


def count(store: str, plan: Plan) -> int:
    """How many windows of a fleet a store has since the plan began."""
    engine, _ = open_database(store)
    try:
        with engine.connect() as connection:
            statement = select(func.count()).select_from(WINDOWS).where(*_of_plan(plan))
            return int(connection.scalar(statement) or 0)
    finally:
        engine.dispose()


def _rows(store: str, plan: Plan) -> Iterator[Row[Any]]:
    engine, _ = open_database(store)
    statement = select(*(WINDOWS.c[name] for name in _SENT)).where(*_of_plan(plan))
    try:
        with engine.connect().execution_options(yield_per=_CHUNK) as connection:
            yield from connection.execute(statement)
    finally:
        engine.dispose()


def _of_plan(plan: Plan) -> tuple[Any, ...]:
    # An earlier run's windows may be there, too.
    return (WINDOWS.c.site == SITE, WINDOWS.c.window_start >= plan.started_at)


def _name(window: Counts) -> tuple[str, str, int]:
    return (window.device, window.boot_id, window.seq)


def _values(window: Counts) -> tuple[Any, ...]:
    people = window.counts.model_dump() if window.counts else dict.fromkeys(EMOTIONS)
    return tuple(people[name] if name in people else getattr(window, name) for name in _SENT)
