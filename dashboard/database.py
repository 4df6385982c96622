"""Opens the database behind the store, and turns its errors into one clear sentence."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

DEFAULT_URL: Final = "sqlite:///data/counts.db"
BUSY_SECONDS: Final = 5
"""How long a writer or reader waits for another process's lock, or for PostgreSQL to let it in."""
IMMEDIATE: Final[Mapping[str, Any]] = {"immediate": True}
"""Execution options of a transaction that shuts out all other writers from its begin."""
# A server that has vanished without a word is noticed, and not waited for.
_POSTGRESQL: Final[Mapping[str, Any]] = {
    "connect_timeout": BUSY_SECONDS,
    "tcp_user_timeout": 1000 * BUSY_SECONDS,
    "keepalives_idle": BUSY_SECONDS,
    "keepalives_interval": 1,
    "keepalives_count": BUSY_SECONDS,
    "options": f"-c lock_timeout={BUSY_SECONDS}s",
}


class StoreError(RuntimeError):
    """The store cannot be used; one sentence says which, why, and what to change."""


def open_database(url: str) -> tuple[Engine, str]:
    """Makes an engine for a store's URL, and the folder of a SQLite file.

    Returns:
        The engine, and the URL without its password.

    Raises:
        StoreError: when the URL names no store that can be used.
    """
    try:
        parsed = make_url(url)
    except (SQLAlchemyError, ValueError) as error:
        shown = re.sub(r"\S*@", "…@", url)
        raise StoreError(
            f"expected a store such as {DEFAULT_URL} or postgresql://…, got {shown!r}"
        ) from error
    # The part behind a question mark may carry a password, too.
    name = parsed.set(query={}).render_as_string(hide_password=True)
    try:
        if parsed.get_backend_name() == "sqlite":
            return _open_sqlite(parsed, name), name
        if parsed.get_backend_name() == "postgresql":
            return _open_postgresql(parsed), name
    except (SQLAlchemyError, ImportError, OSError) as error:
        raise unusable(name, error) from error
    raise StoreError(f"expected a sqlite or postgresql store, got {name}")


def _open_sqlite(url: URL, name: str) -> Engine:
    if not url.database or url.database == ":memory:":
        raise StoreError(
            f"expected a SQLite file that two processes can share, such as {DEFAULT_URL}, "
            f"got {name}"
        )
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: Any) -> None:
    # With a write-ahead log, the page reads while the recorder writes; with FULL, what was
    # acknowledged survives a power cut.
    connection.execute("PRAGMA journal_mode=WAL").close()
    connection.execute("PRAGMA synchronous=FULL").close()
    # Else the module begins transactions by itself, and not for a change of tables.
    connection.isolation_level = None


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _open_postgresql(url: URL) -> Engine:
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    return create_engine(url, pool_pre_ping=True, connect_args=_POSTGRESQL)


def unusable(name: str, error: Exception) -> StoreError:
    """An error of the database, as one sentence about the store of that name."""
    reason = str(error.orig if isinstance(error, DBAPIError) else error).strip().split("\n")[0]
    return StoreError(
        f"the store {name} cannot be used ({reason}): check that it exists and may be written, "
        "or name another store"
    )
