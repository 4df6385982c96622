"""Keeps the counts in SQL, each window once; several processes write while others read."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from operator import itemgetter
from typing import Any, Final, TypeVar

from pydantic import ValidationError
from sqlalchemy import Connection, Row, delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from dashboard import statements
from dashboard.batch import Batch
from dashboard.database import DEFAULT_URL, StoreError, open_database, unusable
from dashboard.migrations import migrate
from dashboard.records import Gap, Mark, RecorderBeat, Rejected, Room, Totals, Window
from dashboard.schema import DEVICES, MARKS, RECORDERS, REJECTED, WINDOWS
from edge_agent.emotions import EMOTIONS
from edge_agent.messages import Health, Message, Status

__all__ = ["DEFAULT_URL", "Store", "StoreError"]

FORGET_AT_ONCE: Final = 1000
"""So many windows are deleted in one transaction, so that writers wait for milliseconds only."""
_NEVER: Final = datetime.min.replace(tzinfo=timezone.utc)


_Message = TypeVar("_Message", bound=Message)


class Ends:
    """Looks up when the windows of a room ended, within a transaction."""

    def __init__(self, connection: Connection, site: str, device: str) -> None:
        """Reads nothing yet."""
        self._connection, self._where = connection, (site, device)

    def last(self, before: datetime) -> datetime | None:
        """The last end at or before a moment."""
        return self._connection.execute(statements.last_end(*self._where, before)).scalar()

    def first(self, after: datetime | None) -> datetime | None:
        """The first end behind a moment, or of all."""
        return self._connection.execute(statements.first_end(*self._where, after)).scalar()


class Store:
    """The counts of all rooms.

    Safe to use from several threads and, as a SQLite file or PostgreSQL, several processes.
    All moments must carry a time zone; those returned are in UTC.
    Every method raises `StoreError` when the database does not answer.
    """

    def __init__(self, url: str = DEFAULT_URL) -> None:
        """Opens the store, makes its folder and tables, and brings older tables up to date.

        Args:
            url: ``sqlite:///relative/path``, ``sqlite:////absolute/path`` or ``postgresql://…``.

        Raises:
            StoreError: when it cannot be opened, or a newer version has made it.
        """
        self._engine, self.name = open_database(url)
        self._writes = statements.Writes(self._engine.dialect)
        try:
            migrate(self._engine, self.name)
        except SQLAlchemyError as error:
            raise unusable(self.name, error) from error

    def close(self) -> None:
        """Lets go of all connections."""
        self._engine.dispose()

    def write(self, batch: Batch) -> None:
        """Keeps all of a batch, or raises and keeps nothing of it.

        A window that is kept already stays as it is, and older words of a device do not
        replace newer ones: writing a batch twice changes nothing but the number of refusals.
        """
        with self._transaction() as connection:
            for statement, rows, key in (
                (self._writes.windows, batch.windows, WINDOWS.primary_key),
                (self._writes.devices, batch.devices, DEVICES.primary_key),
                (self._writes.rejected, batch.rejected, REJECTED.primary_key),
            ):
                if rows:
                    # In one order for all recorders, so that none waits for another in a ring.
                    rows.sort(key=itemgetter(*(column.name for column in key)))
                    connection.execute(statement, rows)

    def beat(self, client_id: str, connected: bool, now: datetime) -> None:
        """Notes that a recorder is alive, and whether it has the broker."""
        with self._transaction() as connection:
            row = {"client_id": client_id, "connected": connected, "beat_at": now}
            connection.execute(self._writes.recorders, row)

    def end_beat(self, client_id: str) -> None:
        """Forgets a recorder that ends on purpose."""
        with self._transaction() as connection:
            connection.execute(delete(RECORDERS).where(RECORDERS.c.client_id == client_id))

    def forget(self, before: datetime) -> int:
        """Deletes windows received before a moment, at most `FORGET_AT_ONCE`; says how many.

        Marks of before go with them.
        """
        with self._transaction() as connection:
            connection.execute(delete(MARKS).where(MARKS.c.at < before))
            return connection.execute(statements.forget(before, FORGET_AT_ONCE)).rowcount

    def rooms(self) -> list[Room]:
        """All rooms, the one that spoke last first."""
        with self._transaction() as connection:
            rows = connection.execute(select(DEVICES)).all()
        return sorted(map(_room, rows), key=lambda room: room.seen_at or _NEVER, reverse=True)

    def room(self, site: str, device: str) -> Room:
        """One room; with nothing but its name where nothing is known of it."""
        statement = select(DEVICES).where(DEVICES.c.site == site, DEVICES.c.device == device)
        with self._transaction() as connection:
            row = connection.execute(statement).first()
        return Room(site, device, None, None, None, None, None) if row is None else _room(row)

    def windows(
        self,
        site: str,
        device: str,
        since: datetime,
        *,
        until: datetime | None = None,
        limit: int = 2000,
    ) -> list[Window]:
        """The windows of a room that ended at or after ``since``, the oldest first.

        Args:
            until: only those that ended at or before this moment.
            limit: at most so many, the newest.
        """
        statement = statements.of_room(site, device).where(WINDOWS.c.ended_at >= since)
        if until is not None:
            statement = statement.where(WINDOWS.c.ended_at <= until)
        with self._transaction() as connection:
            rows = connection.execute(statement.limit(limit)).all()
        return [_window(row) for row in reversed(rows)]

    def newest_window(self, site: str, device: str) -> Window | None:
        """The window of a room that ended last, or None."""
        statement = statements.of_room(site, device).where(WINDOWS.c.ended_at.is_not(None))
        with self._transaction() as connection:
            row = connection.execute(statement.limit(1)).first()
        return None if row is None else _window(row)

    def totals(self, site: str, device: str, start: datetime, end: datetime) -> Totals:
        """The windows of a room that ended after ``start`` and at or before ``end``, added up."""
        with self._transaction() as connection:
            row = connection.execute(statements.totals(site, device, start, end)).one()
        windows, counted, *people = (int(number or 0) for number in row)
        return Totals(windows, counted, dict(zip(statements.CATEGORIES, people, strict=True)))

    @contextmanager
    def ends(self, site: str, device: str) -> Iterator[Ends]:
        """When windows of a room ended: many looks at the index in one transaction."""
        with self._transaction() as connection:
            yield Ends(connection, site, device)

    def marks(self, site: str, device: str, start: datetime, end: datetime) -> list[Mark]:
        """The marks of a room from a moment to another, the earliest first."""
        statement = select(MARKS.c.id, MARKS.c.at, MARKS.c.text).where(
            MARKS.c.site == site, MARKS.c.device == device, MARKS.c.at.between(start, end)
        )
        with self._transaction() as connection:
            rows = connection.execute(statement.order_by(MARKS.c.at, MARKS.c.id))
            return [Mark(*row) for row in rows]

    def add_mark(self, site: str, device: str, at: datetime, text: str) -> None:
        """Keeps a mark of at most `MARK_LENGTH` letters."""
        row = {"id": secrets.token_hex(16), "site": site, "device": device, "at": at, "text": text}
        with self._transaction() as connection:
            connection.execute(insert(MARKS), row)

    def remove_mark(self, site: str, device: str, mark_id: str) -> None:
        """Forgets a mark of a room; nothing happens where it is gone already."""
        of_room = MARKS.c.site == site, MARKS.c.device == device
        with self._transaction() as connection:
            connection.execute(delete(MARKS).where(MARKS.c.id == mark_id, *of_room))

    def gaps(
        self, since: datetime, *, site: str | None = None, device: str | None = None
    ) -> list[Gap]:
        """The windows that are missing between others of the same boot, by room and time.

        A gap that a replay fills later is no longer one. What is missing before a boot's first
        window and behind its last cannot be told.

        Args:
            since: only gaps that ended at or after this moment.
            site: of this site only.
            device: of this device only.
        """
        with self._transaction() as connection:
            rows = connection.execute(statements.gaps(site, device, since))
            return [Gap(*row) for row in rows]

    def missing(self, since: datetime) -> dict[tuple[str, str], int]:
        """How many windows are missing between others of the same boot, by site and device.

        Args:
            since: only of windows that ended at or after this moment.
        """
        with self._transaction() as connection:
            rooms = connection.execute(select(DEVICES.c.site, DEVICES.c.device)).all()
            found = {
                (site, device): int(
                    connection.execute(statements.missing(site, device, since)).scalar_one()
                )
                for site, device in rooms
            }
        return {room: number for room, number in found.items() if number}

    def recorders(self) -> list[RecorderBeat]:
        """The recorders that did not end on purpose."""
        with self._transaction() as connection:
            return [RecorderBeat(*row) for row in connection.execute(select(RECORDERS))]

    def rejected(self) -> list[Rejected]:
        """The refused messages, one entry a kind and cause."""
        with self._transaction() as connection:
            rows = connection.execute(select(REJECTED).order_by(*REJECTED.primary_key))
            return [Rejected(*row) for row in rows]

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise unusable(self.name, error) from error


def _room(row: Row[Any]) -> Room:
    return Room(
        site=row.site,
        device=row.device,
        status=_reread(Status, row.status),
        status_at=row.status_at,
        health=_reread(Health, row.health),
        health_at=row.health_at,
        seen_at=row.seen_at,
    )


def _window(row: Row[Any]) -> Window:
    return Window(
        boot_id=row.boot_id,
        seq=row.seq,
        started_at=row.ended_at - (row.window_end - row.window_start),
        ended_at=row.ended_at,
        faces=row.faces,
        counts=None if row.suppressed else {e: getattr(row, e) for e in EMOTIONS},
        uncertain=row.uncertain,
        suppressed=row.suppressed,
    )


def _reread(kind: type[_Message], text: str | None) -> _Message | None:
    try:
        return None if text is None else kind.model_validate_json(text)
    except ValidationError:
        return None  # written by another version of the schema: as if never said
