"""Old stores become new ones without losing a row, and newer ones are left alone."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

import dashboard.migrations
from dashboard.database import open_database
from dashboard.migrations import NEWEST
from dashboard.records import Rejected, Window
from dashboard.schema import METADATA
from dashboard.store import Store, StoreError
from edge_agent.emotions import EMOTIONS
from tests.dashboard.device_messages import BOOT, START, WINDOW, status
from tests.support import REPOSITORY

# As the first release, which knew no revisions, left it.
FIRST_RELEASE = f"""
CREATE TABLE windows (
    site VARCHAR(48) NOT NULL, device VARCHAR(48) NOT NULL, boot_id VARCHAR(32) NOT NULL,
    seq BIGINT NOT NULL, window_start TIMESTAMP NOT NULL, window_end TIMESTAMP NOT NULL,
    ended_at TIMESTAMP, received_at TIMESTAMP NOT NULL, clock_synced BOOLEAN NOT NULL,
    replayed BOOLEAN NOT NULL, suppressed BOOLEAN NOT NULL, frames INTEGER NOT NULL,
    faces INTEGER, angry INTEGER, disgusted INTEGER, fearful INTEGER, happy INTEGER,
    neutral INTEGER, sad INTEGER, surprised INTEGER, uncertain INTEGER,
    PRIMARY KEY (site, device, boot_id, seq));
CREATE INDEX windows_by_time ON windows (site, device, ended_at);
CREATE INDEX windows_by_age ON windows (received_at);
CREATE TABLE devices (
    site VARCHAR(48) NOT NULL, device VARCHAR(48) NOT NULL, status TEXT, status_at TIMESTAMP,
    health TEXT, health_at TIMESTAMP, seen_at TIMESTAMP, PRIMARY KEY (site, device));
CREATE TABLE recorders (
    client_id VARCHAR(64) NOT NULL, connected BOOLEAN NOT NULL, beat_at TIMESTAMP NOT NULL,
    PRIMARY KEY (client_id));
CREATE TABLE rejected (
    kind VARCHAR(16) NOT NULL, reason VARCHAR(300) NOT NULL, times BIGINT NOT NULL,
    last_at TIMESTAMP NOT NULL, PRIMARY KEY (kind));
INSERT INTO windows VALUES ('school-a', 'room-12', '{BOOT}', 0,
    '2026-01-31 08:00:00.000000', '2026-01-31 08:00:05.000000', '2026-01-31 08:00:05.000000',
    '2026-01-31 08:00:05.000000', true, false, false, 20, 6, 0, 0, 0, 3, 2, 0, 0, 1);
INSERT INTO devices (site, device, status, status_at) VALUES ('school-a', 'room-12',
    '{status().to_json().decode()}', '2026-01-31 08:00:00.000000');
INSERT INTO rejected VALUES ('counts', 'seq: a reason', 7, '2026-01-31 08:00:00.000000');
"""


@pytest.fixture
def store_url(each_store_url: str) -> str:
    return each_store_url


@pytest.fixture
def first_release(store_url: str) -> str:
    """The URL of a store that the first release has left."""
    engine, _ = open_database(store_url)
    moment = "DATETIME" if engine.dialect.name == "sqlite" else "TIMESTAMP"
    execute(engine, *FIRST_RELEASE.replace("TIMESTAMP", moment).strip().split(";\n"))
    return store_url


def execute(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def assert_nothing_was_lost(url: str) -> None:
    store = Store(url)
    counts = {**dict.fromkeys(EMOTIONS, 0), "happy": 3, "neutral": 2}
    window = Window(BOOT, 0, START, START + WINDOW, 6, counts, 1, suppressed=False)
    assert store.windows("school-a", "room-12", START) == [window]
    assert [room.status for room in store.rooms()] == [status()]
    rejected = Rejected("counts", "before_0002", "seq: a reason", 7, START, START)
    assert store.rejected() == [rejected]
    store.close()


def assert_as_described(url: str) -> None:
    engine, _ = open_database(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()


def test_a_new_store_is_as_the_schema_describes(store: Store, store_url: str) -> None:
    assert_as_described(store_url)


def test_a_store_of_the_first_release_is_taken_over(first_release: str) -> None:
    assert_nothing_was_lost(first_release)
    assert_as_described(first_release)
    assert_nothing_was_lost(first_release)


def test_several_processes_may_open_an_old_store_at_once(first_release: str) -> None:
    program = "import sys; from dashboard.store import Store; Store(sys.argv[1]).close()"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, first_release],
            cwd=REPOSITORY,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    assert [process.communicate()[1] for process in processes] == [""] * 6
    assert_nothing_was_lost(first_release)


def test_a_newer_store_is_refused_and_left_alone(store: Store, store_url: str) -> None:
    engine, _ = open_database(store_url)
    execute(engine, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match=f"at revision {NEWEST} or before, got 9999: update"):
        Store(store_url)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"
    engine.dispose()


def test_the_newest_revision_is_the_last_in_the_folder() -> None:
    folder = Path(dashboard.migrations.__file__).parent
    assert ScriptDirectory(str(folder)).get_heads() == [NEWEST]


def test_opening_a_store_that_is_up_to_date_does_not_wait_for_alembic(
    store: Store, store_url: str
) -> None:
    program = (
        "import sys; from dashboard.store import Store; Store(sys.argv[1]).close()\n"
        "sys.exit('alembic' in sys.modules)"
    )
    command = [sys.executable, "-c", program, store_url]
    assert subprocess.run(command, cwd=REPOSITORY, check=False).returncode == 0
