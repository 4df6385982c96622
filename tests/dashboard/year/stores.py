"""Keeps both databases in a folder, so that a year is loaded once and opened often."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.dashboard.postgresql import running_postgresql

NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass(frozen=True)
class Loaded:
    """What was put into one database.

    Attributes:
        seconds: that loading took.
    """

    rooms: int
    days: int
    seconds: float


@contextmanager
def store_in(folder: Path, kind: str) -> Iterator[str]:
    """The URL of the folder's store of one kind, new where there is none."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/year.db"
        return
    kept = folder / "postgresql"
    new = not kept.exists()
    with running_postgresql(kept) as server:
        yield server.new_database("year") if new else server.url("year")


def size(folder: Path, kind: str) -> int:
    """Bytes on the disk, with what PostgreSQL keeps beside the tables."""
    if kind == "sqlite":
        return (folder / "year.db").stat().st_size
    data = folder / "postgresql" / "data" / "base"
    return sum(file.stat().st_size for file in data.rglob("*") if file.is_file())


def loaded(folder: Path, kind: str) -> Loaded | None:
    """What the folder's store holds; None before `keep`."""
    file = folder / f"{kind}.json"
    return Loaded(**json.loads(file.read_text())) if file.exists() else None


def keep(folder: Path, kind: str, told: Loaded) -> None:
    """Notes that a store is full."""
    (folder / f"{kind}.json").write_text(json.dumps(asdict(told)))


def remove(folder: Path, kind: str) -> None:
    """Removes a store."""
    (folder / f"{kind}.json").unlink(missing_ok=True)
    if kind == "postgresql":
        shutil.rmtree(folder / "postgresql", ignore_errors=True)
    else:
        for file in folder.glob("year.db*"):
            file.unlink()
