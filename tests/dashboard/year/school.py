"""Fills a store with a school's year: rooms with windows of 5 s, 6 hours of each school day."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, event, text
from tqdm import tqdm

from dashboard.database import open_database
from dashboard.store import Store
from tests.dashboard.conftest import batch_for
from tests.dashboard.device_messages import health, status

SITE = "school-a"
HOURS = 6
WINDOW_SECONDS = 5
WINDOWS_A_DAY = HOURS * 3600 // WINDOW_SECONDS

# People between fixed limits, and one window in thirty suppressed: by arithmetic, for SQLite asks
# random() anew wherever a column is used.
_INSERT = """
INSERT INTO windows
SELECT :site, :device, :boot, n, begins, ends, ends, ends, {true}, {false}, hidden, 20,
    CASE WHEN NOT hidden THEN a + d + f + h + n2 + s + u + x END,
    CASE WHEN NOT hidden THEN a END, CASE WHEN NOT hidden THEN d END,
    CASE WHEN NOT hidden THEN f END, CASE WHEN NOT hidden THEN h END,
    CASE WHEN NOT hidden THEN n2 END, CASE WHEN NOT hidden THEN s END,
    CASE WHEN NOT hidden THEN u END, CASE WHEN NOT hidden THEN x END
FROM (SELECT n, {begins} AS begins, {ends} AS ends, (n + :seed) % 30 = 0 AS hidden,
    (n / 3 + :seed) % 2 AS a, (n / 7) % 2 AS d, (n / 11 + :seed) % 2 AS f,
    (n / 5 + :seed) % 8 AS h, 6 + (n / 13) % 8 AS n2, (n / 17 + :seed) % 3 AS s, n % 3 AS u,
    (n / 2 + :seed) % 4 AS x
    FROM {numbers}) AS made
"""
_SQLITE = _INSERT.format(
    true="1",
    false="0",
    begins="strftime('%Y-%m-%d %H:%M:%f000', :start + 5 * n, 'unixepoch')",
    ends="strftime('%Y-%m-%d %H:%M:%f000', :start + 5 * n + 5, 'unixepoch')",
    numbers="""(WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c
        WHERE n < :windows - 1) SELECT n FROM c)""",
)
_POSTGRESQL = _INSERT.format(
    true="true",
    false="false",
    begins="to_timestamp(:start + 5 * n) AT TIME ZONE 'UTC'",
    ends="to_timestamp(:start + 5 * n + 5) AT TIME ZONE 'UTC'",
    numbers="generate_series(0, :windows - 1) AS n",
)


def load(url: str, rooms: int, days: int, now: datetime) -> float:
    """Fills a new store with all school days but today's, which `bring_up_to_date` adds.

    Args:
        now: the days have this time as their end.

    Returns:
        The seconds that it took.
    """
    begun = time.monotonic()
    Store(url).close()
    engine, _ = open_database(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _hurry)
    with _without_index(engine):
        for device in tqdm(_devices(rooms), desc=engine.dialect.name, unit="room"):
            with engine.begin() as connection:
                for begin in _school_days(now, days - 1):
                    _insert(connection, device, begin, WINDOWS_A_DAY)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    engine.dispose()
    return time.monotonic() - begun


def bring_up_to_date(url: str, rooms: int, now: datetime) -> None:
    """Adds today's hours up to now, or those since the last time, and what devices say now."""
    store = Store(url)
    engine, _ = open_database(url)
    for device in _devices(rooms):
        newest = store.newest_window(SITE, device)
        begin = now - timedelta(hours=HOURS)
        if newest is not None:
            begin = max(begin, newest.ended_at)
        with engine.begin() as connection:
            windows = int((now - begin).total_seconds()) // WINDOW_SECONDS
            _insert(connection, device, begin, windows)
        with batch_for(store) as batch:
            batch.set_status(SITE, device, status(), now)
            batch.set_health(SITE, device, health(), now)
    store.beat("one", True, now + timedelta(hours=1))
    store.close()
    engine.dispose()


def count(url: str) -> int:
    """Windows in a store."""
    engine, _ = open_database(url)
    with engine.connect() as connection:
        found = int(connection.execute(text("SELECT count(*) FROM windows")).scalar_one())
    engine.dispose()
    return found


def _devices(rooms: int) -> list[str]:
    return [f"room-{number + 1}" for number in range(rooms)]


def _school_days(now: datetime, days: int) -> Iterator[datetime]:
    """Their first hours, the oldest day first; not today's."""
    begins, begin = [], now - timedelta(hours=HOURS)
    while len(begins) < days:
        begin -= timedelta(days=1)
        if begin.weekday() < 5:
            begins.append(begin)
    return reversed(begins)


def _insert(connection: Any, device: str, begin: datetime, windows: int) -> None:
    epoch = int(begin.timestamp())
    statement = _SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL
    row = {"boot": f"{epoch:032x}", "start": epoch, "seed": epoch // 86400 % 1000}
    connection.execute(text(statement), {"site": SITE, "device": device, "windows": windows, **row})


def _hurry(connection: Any, _record: Any) -> None:
    for setting in ("synchronous=OFF", "cache_size=-500000"):
        connection.execute(f"PRAGMA {setting}").close()


@contextmanager
def _without_index(engine: Engine) -> Iterator[None]:
    """Makes one index at the end: keeping it slows loading."""
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX windows_by_age")
    yield
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE INDEX windows_by_age ON windows (received_at)")
