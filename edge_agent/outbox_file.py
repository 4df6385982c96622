"""The outbox's file: windows in SQLite, each on the disk before `append` returns."""

import contextlib
import logging
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from pydantic import ValidationError

from edge_agent.errors import ConfigError
from edge_agent.health import clock_synced
from edge_agent.messages import Counts

_Result = TypeVar("_Result")

_LOG = logging.getLogger(__name__)
_LOCK_SECONDS: Final = 2.0
_AGE_CHECK_SECONDS: Final = 3600.0
_DROP_AT_ONCE: Final = 64
_SETTINGS: Final = (
    # Before any page is written. A window fills less than half of such a page, and every page
    # that changes is written whole: small ones spare an SD card.
    "PRAGMA page_size = 1024",
    # One agent a file; also does without the shared-memory file beside it.
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA journal_mode = WAL",
    # In WAL mode the default would keep the file whole in a power cut, but lose the last windows.
    "PRAGMA synchronous = FULL",
    "PRAGMA journal_size_limit = 1048576",
)
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS windows (
    position INTEGER PRIMARY KEY,
    window TEXT NOT NULL,
    stored_at REAL  -- seconds since 1970; null where the clock was not to be believed
)
"""


class Taken(NamedTuple):
    """A window, and the position at which it waits; positions grow."""

    position: int
    window: Counts


class OutboxFileError(Exception):
    """The file cannot be used now; it may be later."""


class OutboxFile:
    """Windows on disk, bounded by size and age: the oldest go first.

    A damaged file is set aside beside the new one; what can still be read moves over.

    Args:
        path: of the SQLite file; its folder is made where it is missing.
        max_bytes: of the file.
        max_age_seconds: older windows are dropped, by a clock that is synchronised.

    Attributes:
        damaged: windows passed over since the start.

    Raises:
        ConfigError: when another agent uses the file.
        OutboxFileError: when it cannot be used now (no such disk, no room, read-only).
    """

    def __init__(self, path: Path, *, max_bytes: int, max_age_seconds: float) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._max_age_seconds = max_age_seconds
        self._next_age_check = 0.0
        self._newest: Taken | None = None
        self.damaged = 0
        with self._errors():
            try:
                self._connection = self._open()
            except sqlite3.OperationalError as error:
                if "locked" in str(error):
                    raise ConfigError(
                        f"{path}: expected an outbox for this agent alone, got one in use by "
                        "another; end that one, or give this one another deployment.device or "
                        "outbox.file"
                    ) from error
                raise
            except sqlite3.DatabaseError as error:
                self._connection = self._begin_anew(error)

    def append(self, windows: list[Taken], *, forget: Iterable[int] = ()) -> list[int]:
        """Adds windows and forgets others in one write.

        Returns:
            The positions that were dropped for their age or for want of room.

        Raises:
            OutboxFileError: when nothing of this was written.
        """
        with self._errors():
            dropped = self._repairing(lambda: self._append(windows, forget))
        self._newest = windows[-1] if windows else self._newest
        return dropped

    def after(self, position: int) -> Taken | None:
        """The first window beyond a position; one that is damaged is passed over and removed.

        Raises:
            OutboxFileError: when the file cannot be read now.
        """
        if self._newest is not None and self._newest.position == position + 1:
            return self._newest
        with self._errors():
            return self._repairing(lambda: self._after(position))

    def positions(self) -> list[int]:
        """All positions, growing.

        Raises:
            OutboxFileError: when the file cannot be read now.
        """
        with self._errors():
            rows = self._repairing(
                lambda: self._connection.execute(
                    "SELECT position FROM windows ORDER BY position"
                ).fetchall()
            )
        return [position for (position,) in rows]

    def close(self) -> None:
        """Lets go of the file."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()

    def _append(self, windows: list[Taken], forget: Iterable[int]) -> list[int]:
        now = time.time() if clock_synced() else None
        with self._transaction() as connection:
            connection.executemany(
                "DELETE FROM windows WHERE position = ?", ((position,) for position in forget)
            )
            connection.executemany(
                "INSERT OR REPLACE INTO windows VALUES (?, ?, ?)",
                ((position, window.to_json().decode(), now) for position, window in windows),
            )
            dropped = self._drop_too_old(now)
            while self._bytes_used() > self._max_bytes:
                oldest = self._drop(
                    "position IN (SELECT position FROM windows ORDER BY position LIMIT ?)",
                    _DROP_AT_ONCE,
                )
                if not oldest:
                    break
                dropped += oldest
        return dropped

    def _after(self, position: int) -> Taken | None:
        while True:
            row = self._connection.execute(
                "SELECT position, window FROM windows WHERE position > ? ORDER BY position LIMIT 1",
                (position,),
            ).fetchone()
            if row is None:
                return None
            try:
                return Taken(row[0], Counts.model_validate_json(row[1]))
            except ValidationError:
                _LOG.warning("%s: passed over a window that is damaged", self._path)
            self._drop("position = ?", row[0])
            self.damaged += 1

    def _drop_too_old(self, now: float | None) -> list[int]:
        if now is None or time.monotonic() < self._next_age_check:
            return []
        self._next_age_check = time.monotonic() + _AGE_CHECK_SECONDS
        return self._drop("stored_at < ?", now - self._max_age_seconds)

    def _drop(self, condition: str, value: float) -> list[int]:
        found = f"FROM windows WHERE {condition}"
        rows = self._connection.execute(f"SELECT position {found}", (value,)).fetchall()
        if rows:
            self._connection.execute(f"DELETE {found}", (value,))
        return [position for (position,) in rows]

    def _bytes_used(self) -> int:
        used, free, size = (
            self._connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((used - free) * size)

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # Nobody but the agent's user has business with it.
        self._path.touch(mode=0o600)
        connection = sqlite3.connect(
            self._path, timeout=_LOCK_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            for setting in _SETTINGS:
                connection.execute(setting)
            connection.execute(_TABLE)
            damage = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if damage != "ok":
                raise sqlite3.DatabaseError(damage)
        except BaseException:
            connection.close()
            raise
        return connection

    def _repairing(self, work: Callable[[], _Result]) -> _Result:
        """Does some work, once more in a new file where this one turns out to be damaged."""
        try:
            return work()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            self._connection.close()
            self._connection = self._begin_anew(error)
            return work()

    def _begin_anew(self, error: Exception) -> sqlite3.Connection:
        aside = self._path.with_name(f"{self._path.name}.damaged")
        readable = _read_what_is_left(self._path)
        # The newest damaged one replaces the one before: the card must not fill up.
        self._path.replace(aside)
        for suffix in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                self._path.with_name(self._path.name + suffix).unlink()
        _LOG.error(
            "%s is damaged (%s): set aside as %s, and begun anew with the %d windows that can "
            "still be read",
            *(self._path, error, aside.name, len(readable)),
        )
        connection = self._open()
        connection.executemany("INSERT OR IGNORE INTO windows VALUES (?, ?, ?)", readable)
        return connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException:
            # Where the disk is full, SQLite may have rolled back by itself.
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise OutboxFileError(f"{self._path}: {reason}") from error


def _read_what_is_left(path: Path) -> list[tuple[int, str, float | None]]:
    rows: list[tuple[int, str, float | None]] = []
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(path)) as damaged:
        for position, window, stored_at in damaged.execute(
            "SELECT position, window, stored_at FROM windows ORDER BY position"
        ):
            with contextlib.suppress(ValidationError):
                Counts.model_validate_json(window)
                rows.append((position, window, stored_at))
    return rows
