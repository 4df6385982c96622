"""How fast each page opens with a school's year in the store: 30 rooms, windows of 5 s.

``python -m tests.dashboard.bench_year FOLDER --report docs/dashboard.md``; it takes some 10 GB in
the folder and half an hour. For SQLite and for PostgreSQL it makes 200 school days of 6 hours,
the last one up to now, and then opens each page in new sessions, as Streamlit runs it: the time
is of the whole script with its queries, in this process, the modules loaded and the store open.
Loading ends after ``--minutes`` with the rooms that are full by then; the table says how many.
"""

import argparse
import os
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Engine, event, text
from streamlit.testing.v1 import AppTest
from tqdm import tqdm

from dashboard import settings
from dashboard.database import open_database
from dashboard.settings import Settings
from dashboard.store import Store
from dashboard.timetable import Timetable
from tests.dashboard.conftest import batch_for
from tests.dashboard.device_messages import health, status
from tests.dashboard.postgresql import running_postgresql

ROOMS = 30
DAYS = 200
HOURS = 6
WINDOWS_A_DAY = HOURS * 3600 // 5
SITE = "school-a"
RUNS = 7
APP = str(Path(__file__).parents[2] / "dashboard" / "app.py")
PAGES = ("live", "lesson", "devices", "try_it", "about")

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
    numbers="numbers",
)
_POSTGRESQL = _INSERT.format(
    true="true",
    false="false",
    begins="to_timestamp(:start + 5 * n) AT TIME ZONE 'UTC'",
    ends="to_timestamp(:start + 5 * n + 5) AT TIME ZONE 'UTC'",
    numbers=f"generate_series(0, {WINDOWS_A_DAY - 1}) AS n",
)


class Result(NamedTuple):
    """What one database took.

    Attributes:
        seconds: page → those of each opening, by the clock and of this process alone.
    """

    name: str
    rooms: int
    size_bytes: int
    load_seconds: float
    seconds: dict[str, list[tuple[float, float]]]


def main(folder: Path, report: Path | None, minutes: float, days: int) -> None:
    """Measures both, prints the table, and writes it into a document."""
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(timezone.utc).replace(microsecond=0)
    results = []
    with tempfile.TemporaryDirectory(dir=folder) as name:
        path = Path(name) / "year.db"
        rooms, seconds = load(f"sqlite:///{path}", now, minutes, days)
        results.append(
            measure("SQLite", f"sqlite:///{path}", rooms, seconds, lambda: path.stat().st_size)
        )
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = str(folder)
    with running_postgresql() as server:
        url = server.new_database("year")
        rooms, seconds = load(url, now, minutes, days)
        engine, _ = open_database(url)

        def size() -> int:
            with engine.connect() as connection:
                return int(connection.execute(text("SELECT pg_database_size('year')")).scalar_one())

        results.append(measure("PostgreSQL", url, rooms, seconds, size))
        engine.dispose()
    made = table(results, days)
    print(made)
    if report is not None:
        written = report.read_text()
        marked = re.compile("(?<=<!-- year -->\n).*?(?=<!-- /year -->)", re.S)
        report.write_text(marked.sub(lambda _: made, written))


def load(url: str, now: datetime, minutes: float, days: int) -> tuple[int, float]:
    """Fills a new store, a room at a time; the rooms that were full in time, and the seconds."""
    store = Store(url)
    begun = time.monotonic()
    engine, _ = open_database(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _hurry)
    rooms = 0
    with bulk(engine):
        for number in tqdm(range(ROOMS), desc=engine.dialect.name, unit="room"):
            if number and time.monotonic() - begun > 60 * minutes:
                break
            device = f"room-{number + 1}"
            _load_room(engine, device, now, days)
            with batch_for(store) as batch:
                batch.set_status(SITE, device, status(), now)
                batch.set_health(SITE, device, health(), now)
            rooms += 1
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    store.beat("one", True, now + timedelta(hours=1))
    store.close()
    engine.dispose()
    return rooms, time.monotonic() - begun


def _hurry(connection: Any, _record: Any) -> None:
    for setting in ("synchronous=OFF", "cache_size=-500000"):
        connection.execute(f"PRAGMA {setting}").close()


def _load_room(engine: Engine, device: str, now: datetime, days: int) -> None:
    sqlite = engine.dialect.name == "sqlite"
    start, day, seconds = now - timedelta(hours=HOURS), 0, []
    while len(seconds) < days:
        if (begin := start - timedelta(days=day)).weekday() < 5 or day == 0:
            seconds.append(begin)
        day += 1
    with engine.begin() as connection:
        for begin in reversed(seconds):
            epoch = int(begin.timestamp())
            row = {"boot": f"{epoch:032x}", "start": epoch, "seed": epoch // 86400 % 1000}
            statement = text(_SQLITE if sqlite else _POSTGRESQL)
            connection.execute(statement, {"site": SITE, "device": device, **row})


@contextmanager
def bulk(engine: Engine) -> Iterator[None]:
    """Without what slows loading: an index is made at the end, and nothing survives a crash."""
    sqlite = engine.dialect.name == "sqlite"
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX windows_by_age")
        if sqlite:
            connection.exec_driver_sql("CREATE TABLE numbers (n INTEGER)")
            connection.exec_driver_sql(
                "WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c "
                f"WHERE n < {WINDOWS_A_DAY - 1}) INSERT INTO numbers SELECT n FROM c"
            )
    yield
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE INDEX windows_by_age ON windows (received_at)")
        if sqlite:
            connection.exec_driver_sql("DROP TABLE numbers")


def measure(name: str, url: str, rooms: int, seconds: float, size: Callable[[], int]) -> Result:
    """Opens each page in new sessions."""
    found: dict[str, list[tuple[float, float]]] = {}
    hours = [f"mon-sun {hour:02}:00-{hour:02}:45" for hour in range(24)]
    timetable = Timetable({"lessons": [{"name": "Maths 7b", "when": hours}]})
    for lessons in (None, timetable):
        settings.use(Settings(url, timetable=lessons))
        for page in PAGES:
            if lessons is not None and page != "lesson":
                continue
            label = page if lessons is None else "lesson, timetable"
            found[label] = [open_page(page, f"{SITE}/room-{rooms}") for _ in range(RUNS)][1:]
    settings.use(None)
    return Result(name, rooms, size(), seconds, found)


def open_page(page: str, room: str) -> tuple[float, float]:
    """Seconds of a page's script in a new session, by the clock and of this process alone."""
    app = AppTest.from_file(APP, default_timeout=600)
    app.query_params["room"] = room
    app.run()
    if page != "live":
        app.switch_page(f"pages/{page}.py")
    else:
        app = AppTest.from_file(APP, default_timeout=600)
        app.query_params["room"] = room
    begun, used = time.perf_counter(), time.process_time()
    app.run()
    passed = time.perf_counter() - begun, time.process_time() - used
    assert not app.exception, app.exception
    assert app.metric or page not in ("live", "lesson")
    return passed


def table(results: list[Result], days: int) -> str:
    """Both databases beside each other, in Markdown."""
    names = " | ".join(result.name for result in results)
    lines = [f"| page, median (slowest) of {RUNS - 1} openings; processor | {names} |"]
    lines.append("|---|" + "---|" * len(results))
    for page in results[0].seconds:
        cells = []
        for result in results:
            clock, own = zip(*result.seconds[page], strict=True)
            middle, processor = statistics.median(clock), statistics.median(own)
            cells.append(f"{middle:.2f} s ({max(clock):.2f} s); {processor:.2f} s")
        lines.append(f"| {page.replace('_', ' ')} | " + " | ".join(cells) + " |")
    for label, cells in (
        ("rooms", [str(r.rooms) for r in results]),
        ("windows", [f"{r.rooms * WINDOWS_A_DAY * days:,}" for r in results]),
        ("size", [f"{r.size_bytes / 1e9:.1f} GB" for r in results]),
        ("loading", [f"{r.load_seconds:.0f} s" for r in results]),
    ):
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n" + "\n".join(lines) + "\n\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m tests.dashboard.bench_year", description=__doc__
    )
    parser.add_argument("folder", type=Path, help="for the stores, which are removed at the end")
    parser.add_argument("--report", type=Path, help="a document with a place for the table")
    parser.add_argument("--minutes", type=float, default=10, help="of loading, each database")
    parser.add_argument("--days", type=int, default=DAYS, help="of school")
    options = parser.parse_args()
    main(options.folder, options.report, options.minutes, options.days)
