"""A store in a temporary folder, and the dashboard's commands as processes."""

import itertools
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dashboard.batch import Batch
from dashboard.store import Store
from tests.dashboard.postgresql import PostgreSQL, running_postgresql
from tests.support import PATIENCE_SECONDS, REPOSITORY

_numbers = itertools.count()


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/new/counts.db"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def each_store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new store of either kind; a module takes it in place of `store_url`."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgresql_url"))
    return f"sqlite:///{tmp_path}/new/counts.db"


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = Store(store_url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A running server."""
    with running_postgresql() as server:
        yield server


@pytest.fixture
def postgresql_url(postgresql: PostgreSQL) -> str:
    """A new, empty store."""
    return postgresql.new_database(f"counts_{next(_numbers)}")


@contextmanager
def batch_for(store: Store) -> Iterator[Batch]:
    """A batch that is written in the end."""
    batch = Batch()
    yield batch
    store.write(batch)


@contextmanager
def running_dashboard(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """``python -m dashboard`` with its output in a pipe, ended by SIGTERM where still at work."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dashboard", *arguments],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_SECONDS)
