"""Brings a store of an older version to this one, revision by revision, with Alembic."""

import logging
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, column, func, inspect, select, table

from dashboard.database import IMMEDIATE, StoreError

NEWEST: Final = "0003"
_PATIENCE_SECONDS: Final = 120
_LOCK: Final = 0x636F756E7473
"""Any number that no other program locks in the same PostgreSQL database."""


def migrate(engine: Engine, name: str) -> None:
    """Makes the newest tables, keeping every row; several processes may try at once.

    Args:
        name: the store, as a person is told.

    Raises:
        StoreError: when a newer version has made the store.
        SQLAlchemyError: when the database does not answer.
    """
    with engine.connect() as connection:
        if _revision(connection) == NEWEST:
            return
    with engine.connect().execution_options(**IMMEDIATE) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            # Who comes second waits for the first one's revisions, not only for a lock of a row.
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_PATIENCE_SECONDS}s'")
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        _upgrade(connection, name)


def _revision(connection: Connection) -> str | None:
    """The store's revision; None for an empty one, and for one made before there were any."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    versions = table("alembic_version", column("version_num"))
    return connection.scalar(select(versions.c.version_num))


def _upgrade(connection: Connection, name: str) -> None:
    logging.getLogger("alembic").setLevel(logging.WARNING)
    from alembic import command  # heavy, and seldom needed
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    try:
        command.upgrade(config, NEWEST)
    except CommandError as error:
        raise StoreError(
            f"expected the store {name} at revision {NEWEST} or before, got "
            f"{_revision(connection)}: update this program, or name another store"
        ) from error
