"""Opens the database behind the store, and turns its errors into one clear sentence."""

from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

DEFAULT_URL: Final = "sqlite:///data/counts.db"
BUSY_SECONDS: Final = 10
"""How long a writer or reader waits for another process's lock on SQLite."""


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
        name = parsed.render_as_string(hide_password=True)
    except SQLAlchemyError as error:
        raise StoreError(
            f"expected a store such as {DEFAULT_URL} or postgresql://…, got {url!r}"
        ) from error
    backend = parsed.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise StoreError(f"expected a sqlite or postgresql store, got {name}")
    options: dict[str, Any] = {"pool_pre_ping": True}
    if backend == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise StoreError(
                f"expected a SQLite file that two processes can share, such as {DEFAULT_URL}, "
                f"got {name}"
            )
        try:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unusable(name, error) from error
        options = {"connect_args": {"timeout": BUSY_SECONDS}}
    try:
        engine = create_engine(parsed, **options)
    except (SQLAlchemyError, ImportError) as error:
        raise unusable(name, error) from error
    if backend == "sqlite":
        event.listen(engine, "connect", _read_while_writing)
    return engine, name


def _read_while_writing(connection: Any, _record: Any) -> None:
    # With a write-ahead log, the page reads while the recorder writes.
    connection.execute("PRAGMA journal_mode=WAL").close()


def unusable(name: str, error: Exception) -> StoreError:
    """An error of the database, as one sentence about the store of that name."""
    reason = str(error.orig if isinstance(error, DBAPIError) else error).strip().split("\n")[0]
    return StoreError(
        f"the store {name} cannot be used ({reason}): check that it exists and may be written, "
        "or name another store"
    )
