"""A store in a temporary folder, and the dashboard's commands as processes."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dashboard.store import Store
from tests.support import PATIENCE_SECONDS, REPOSITORY


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/new/counts.db"


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = Store(store_url)
    yield opened
    opened.close()


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
