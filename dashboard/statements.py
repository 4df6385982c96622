"""The store's SQL, in one dialect for SQLite and PostgreSQL."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Delete,
    Dialect,
    Select,
    Table,
    and_,
    case,
    delete,
    func,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects import postgresql, sqlite

from dashboard.schema import DEVICES, RECORDERS, REJECTED, WINDOWS
from edge_agent.emotions import EMOTIONS

CATEGORIES: Final = (*EMOTIONS, "uncertain")
_NAME: Final = ("site", "device", "boot_id")


class Writes:
    """What inserts or updates; each takes one row or a list of rows."""

    def __init__(self, dialect: Dialect) -> None:
        """Prepares the statements for a dialect that knows ``ON CONFLICT``."""
        insert: Callable[[Table], Any] = (
            postgresql.insert if dialect.name == "postgresql" else sqlite.insert
        )
        self.windows = insert(WINDOWS).on_conflict_do_nothing()
        self.devices = _keep_newest(insert(DEVICES))
        self.rejected = _count(insert(REJECTED))
        beat = insert(RECORDERS)
        self.recorders = beat.on_conflict_do_update(
            index_elements=RECORDERS.primary_key,
            set_={"connected": beat.excluded.connected, "beat_at": beat.excluded.beat_at},
        )


def _keep_newest(insert: Any) -> Any:
    """An older word does not replace a newer one, even when recorders overtake each other."""
    new, newest = insert.excluded, {}
    for name, moment in (
        ("status", "status_at"),
        ("status_at", "status_at"),
        ("health", "health_at"),
        ("health_at", "health_at"),
        ("seen_at", "seen_at"),
    ):
        known = DEVICES.c[moment]
        newer = or_(known.is_(None), new[moment] >= known)
        newest[name] = case((newer, new[name]), else_=DEVICES.c[name])
    return insert.on_conflict_do_update(index_elements=DEVICES.primary_key, set_=newest)


def _count(insert: Any) -> Any:
    new = insert.excluded
    counted = {
        "times": REJECTED.c.times + new.times,
        "reason": new.reason,
        "last_at": new.last_at,
    }
    return insert.on_conflict_do_update(index_elements=REJECTED.primary_key, set_=counted)


def forget(before: datetime, limit: int) -> Delete:
    """Deletes at most so many windows that were received before a moment."""
    key = tuple_(*WINDOWS.primary_key)
    # Recorders that forget at once do not wait for each other.
    old = (
        select(*WINDOWS.primary_key)
        .where(WINDOWS.c.received_at < before)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return delete(WINDOWS).where(key.in_(old))


def of_room(site: str, device: str) -> Select[Any]:
    """The windows of a room, the newest first."""
    return (
        select(WINDOWS)
        .where(WINDOWS.c.site == site, WINDOWS.c.device == device)
        .order_by(WINDOWS.c.ended_at.desc(), WINDOWS.c.seq.desc())
    )


def totals(site: str, device: str, start: datetime, end: datetime) -> Select[Any]:
    """How many windows of a room there are, how many with numbers, and people by category."""
    columns: list[Any] = [func.count(), func.count(WINDOWS.c.faces)]
    columns += [func.sum(WINDOWS.c[category]) for category in CATEGORIES]
    return select(*columns).where(
        WINDOWS.c.site == site,
        WINDOWS.c.device == device,
        WINDOWS.c.ended_at > start,
        WINDOWS.c.ended_at <= end,
    )


def last_end(site: str, device: str, before: datetime) -> Select[Any]:
    """When a room's last window ended, up to a moment."""
    return select(func.max(WINDOWS.c.ended_at)).where(
        WINDOWS.c.site == site, WINDOWS.c.device == device, WINDOWS.c.ended_at <= before
    )


def first_end(site: str, device: str, after: datetime | None) -> Select[Any]:
    """When a room's first window ended, or its first behind a moment."""
    statement = select(func.min(WINDOWS.c.ended_at)).where(
        WINDOWS.c.site == site, WINDOWS.c.device == device
    )
    return statement if after is None else statement.where(WINDOWS.c.ended_at > after)


def gaps(site: str | None, device: str | None, since: datetime) -> Select[Any]:
    """The holes in each boot's numbers that ended at or after a moment, in order.

    Each window looks up its predecessor in the primary key, so that what lies before ``since``
    need not be read, as it would for LAG.
    """
    window, before, earlier = WINDOWS.alias("w"), WINDOWS.alias("b"), WINDOWS.alias("e")

    def same_boot(one: Any, other: Any) -> Any:
        return and_(*(one.c[name] == other.c[name] for name in _NAME))

    last_seq = (
        select(func.max(earlier.c.seq))
        .where(same_boot(earlier, window), earlier.c.seq < window.c.seq)
        .scalar_subquery()
    )
    ended_at = func.coalesce(window.c.ended_at, window.c.received_at)
    statement = (
        select(
            window.c.site,
            window.c.device,
            window.c.boot_id,
            before.c.seq + 1,
            window.c.seq - 1,
            func.coalesce(before.c.ended_at, before.c.received_at),
            ended_at,
        )
        .select_from(window)
        .join(before, and_(same_boot(before, window), before.c.seq == last_seq))
        .where(window.c.seq - before.c.seq > 1, ended_at >= since)
        .order_by(window.c.site, window.c.device, ended_at, window.c.seq)
    )
    if site is not None:
        statement = statement.where(window.c.site == site)
    if device is not None:
        statement = statement.where(window.c.device == device)
    return statement


def missing(site: str, device: str, since: datetime) -> Select[Any]:
    """How many numbers a room's boots left out since a moment.

    Only counts, by one pass over the room's newest windows, where `gaps` looks every one up. For a
    single room, because with all of them at once SQLite reads the whole store.
    """
    numbers = func.max(WINDOWS.c.seq) - func.min(WINDOWS.c.seq) + 1
    boots = (
        select((numbers - func.count()).label("missing"))
        .where(WINDOWS.c.site == site, WINDOWS.c.device == device, WINDOWS.c.ended_at >= since)
        # An expression: grouped by the column itself, SQLite takes the primary key for its order,
        # and reads all that the room ever sent.
        .group_by(WINDOWS.c.boot_id.concat(""))
        .subquery()
    )
    return select(func.coalesce(func.sum(boots.c.missing), 0))
