"""Keeps the counts in SQL, each window once; one process writes while others read."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any, Final, TypeVar

from pydantic import ValidationError
from sqlalchemy import Connection, Row, Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateIndex, CreateTable

from dashboard.database import DEFAULT_URL, StoreError, open_database, unusable
from dashboard.records import RecorderBeat, Rejected, Room, Window
from dashboard.schema import DEVICES, METADATA, RECORDERS, REJECTED, WINDOWS
from edge_agent.emotions import EMOTIONS
from edge_agent.messages import MESSAGES, Counts, Health, Message, Status

__all__ = ["DEFAULT_URL", "Store", "StoreError"]

_REASON_LENGTH: Final = 300
_AS_SENT: Final = [name for name in WINDOWS.c.keys() if name in Counts.model_fields]  # noqa: SIM118
_NEVER: Final = datetime.min.replace(tzinfo=timezone.utc)

_Message = TypeVar("_Message", bound=Message)


class Store:
    """The counts of all rooms.

    Safe to use from several threads and, as a SQLite file or PostgreSQL, several processes.
    All moments must carry a time zone; those returned are in UTC.
    Every method raises `StoreError` when the database does not answer.
    """

    def __init__(self, url: str = DEFAULT_URL) -> None:
        """Opens the store, and makes its folder and tables where they are missing.

        Args:
            url: ``sqlite:///relative/path``, ``sqlite:////absolute/path`` or ``postgresql://…``.

        Raises:
            StoreError: when it cannot be opened.
        """
        self._engine, self.name = open_database(url)
        self._insert: Any = (
            postgresql.insert if self._engine.dialect.name == "postgresql" else sqlite.insert
        )
        with self._transaction() as connection:
            for table in METADATA.sorted_tables:
                connection.execute(CreateTable(table, if_not_exists=True))
                for index in table.indexes:
                    connection.execute(CreateIndex(index, if_not_exists=True))

    def close(self) -> None:
        """Lets go of all connections."""
        self._engine.dispose()

    def add_counts(self, site: str, counts: Counts, received_at: datetime) -> bool:
        """Keeps a window, unless it is a repeat of one already kept.

        Returns:
            Whether it was new.
        """
        # Not model_dump(): it writes the moments as text.
        values = {name: getattr(counts, name) for name in _AS_SENT}
        if counts.counts is not None:
            values |= counts.counts.model_dump()
        values |= {"site": site, "received_at": received_at, "ended_at": _end(counts, received_at)}
        with self._transaction() as connection:
            inserted = connection.execute(
                self._insert(WINDOWS).values(values).on_conflict_do_nothing()
            )
            self._upsert(connection, DEVICES, _room_key(site, counts.device), seen_at=received_at)
            return bool(inserted.rowcount)

    def set_status(
        self,
        site: str,
        device: str,
        status: Status,
        received_at: datetime,
        *,
        retained: bool = False,
    ) -> None:
        """Keeps a device's last status; ``retained`` says that it is the broker's memory."""
        values: dict[str, Any] = {"status": status.to_json().decode(), "status_at": received_at}
        if not retained and status.reason != "connection_lost":
            values["seen_at"] = received_at
        with self._transaction() as connection:
            self._upsert(connection, DEVICES, _room_key(site, device), **values)

    def set_health(self, site: str, device: str, health: Health, received_at: datetime) -> None:
        """Keeps a device's last health."""
        values = {"health": health.to_json().decode(), "health_at": received_at}
        with self._transaction() as connection:
            key = _room_key(site, device)
            self._upsert(connection, DEVICES, key, seen_at=received_at, **values)

    def reject(self, kind: str, reason: str, received_at: datetime) -> None:
        """Counts a refused message under its kind (last part of the topic, else ``other``)."""
        kind = kind if kind in MESSAGES else "other"
        newest = {"reason": reason[:_REASON_LENGTH], "last_at": received_at}
        statement = self._insert(REJECTED).values(kind=kind, times=1, **newest)
        statement = statement.on_conflict_do_update(
            index_elements=[REJECTED.c.kind], set_={**newest, "times": REJECTED.c.times + 1}
        )
        with self._transaction() as connection:
            connection.execute(statement)

    def beat(self, client_id: str, connected: bool, now: datetime) -> None:
        """Notes that a recorder is alive, and whether it has the broker."""
        with self._transaction() as connection:
            key = {"client_id": client_id}
            self._upsert(connection, RECORDERS, key, connected=connected, beat_at=now)

    def end_beat(self, client_id: str) -> None:
        """Forgets a recorder that ends on purpose."""
        with self._transaction() as connection:
            connection.execute(delete(RECORDERS).where(RECORDERS.c.client_id == client_id))

    def forget(self, before: datetime) -> int:
        """Deletes the windows received before a moment, and says how many."""
        with self._transaction() as connection:
            return connection.execute(
                delete(WINDOWS).where(WINDOWS.c.received_at < before)
            ).rowcount

    def rooms(self) -> list[Room]:
        """All rooms, the one that spoke last first."""
        with self._transaction() as connection:
            rows = connection.execute(select(DEVICES)).all()
        rooms = [
            Room(
                site=row.site,
                device=row.device,
                status=_reread(Status, row.status),
                status_at=row.status_at,
                health=_reread(Health, row.health),
                health_at=row.health_at,
                seen_at=row.seen_at,
            )
            for row in rows
        ]
        return sorted(rooms, key=lambda room: room.seen_at or _NEVER, reverse=True)

    def windows(
        self, site: str, device: str, since: datetime, *, limit: int = 2000
    ) -> list[Window]:
        """The windows of a room that ended at or after ``since``, the oldest first.

        Args:
            limit: at most so many, the newest.
        """
        statement = _of_room(site, device).where(WINDOWS.c.ended_at >= since).limit(limit)
        with self._transaction() as connection:
            rows = connection.execute(statement).all()
        return [_window(row) for row in reversed(rows)]

    def newest_window(self, site: str, device: str) -> Window | None:
        """The window of a room that ended last, or None."""
        statement = _of_room(site, device).where(WINDOWS.c.ended_at.is_not(None)).limit(1)
        with self._transaction() as connection:
            row = connection.execute(statement).first()
        return None if row is None else _window(row)

    def recorders(self) -> list[RecorderBeat]:
        """The recorders that did not end on purpose."""
        with self._transaction() as connection:
            return [RecorderBeat(*row) for row in connection.execute(select(RECORDERS))]

    def rejected(self) -> list[Rejected]:
        """The refused messages, one entry a kind."""
        with self._transaction() as connection:
            rows = connection.execute(select(REJECTED).order_by(REJECTED.c.kind))
            return [Rejected(*row) for row in rows]

    def _upsert(
        self, connection: Connection, table: Table, key: dict[str, str], **values: Any
    ) -> None:
        statement = self._insert(table).values(**key, **values)
        connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise unusable(self.name, error) from error


def _end(counts: Counts, received_at: datetime) -> datetime | None:
    """When a window really ended: by the device's clock if that is right, else on arrival."""
    if counts.clock_synced:
        return min(counts.window_end, received_at)
    # A replayed window without a clock may be minutes or days old.
    return None if counts.replayed else received_at


def _room_key(site: str, device: str) -> dict[str, str]:
    return {"site": site, "device": device}


def _of_room(site: str, device: str) -> Any:
    newest_first = (WINDOWS.c.ended_at.desc(), WINDOWS.c.seq.desc())
    of_room = (WINDOWS.c.site == site, WINDOWS.c.device == device)
    return select(WINDOWS).where(*of_room).order_by(*newest_first)


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
