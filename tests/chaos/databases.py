"""The recorder's stores, which are away now and then."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from tests.chaos.program import ChaosError, Program, as_user, debian
from tests.support import PATIENCE_SECONDS, await_port, free_port

_USER: Final = "postgres"
_PROGRAMS: Final = "/usr/lib/postgresql/15/bin"


class Database(Protocol):
    """What the chaos needs of a store."""

    url: str

    def start(self) -> None:
        """Makes it usable, and returns then."""

    def begin_outage(self) -> None:
        """Takes it away."""

    def end_outage(self) -> None:
        """Gives it back."""

    def kill(self) -> None:
        """Ends it."""


class Sqlite:
    """A file, which is away while somebody else locks it."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "counts.db"
        self.url = f"sqlite:///{self._file}"

    def start(self) -> None:
        """The recorder makes it."""

    def begin_outage(self) -> None:
        self._lock = sqlite3.connect(
            self._file, timeout=PATIENCE_SECONDS, isolation_level=None, check_same_thread=False
        )
        self._lock.execute("BEGIN EXCLUSIVE")

    def end_outage(self) -> None:
        self._lock.close()

    def kill(self) -> None:
        """There is no process."""


class Postgresql(Program):
    """A server on a loopback port, which is away while it is killed."""

    def __init__(self, folder: Path) -> None:
        data = folder / "postgresql"
        data.mkdir()
        if os.geteuid() == 0:  # as whom it refuses to run
            shutil.chown(data, _USER)
        self._port = free_port()
        self.url = f"postgresql://{_USER}@127.0.0.1:{self._port}/postgres"
        initdb = debian("initdb", package="postgresql", folder=_PROGRAMS)
        server = debian("postgres", package="postgresql", folder=_PROGRAMS)
        made = subprocess.run(
            [initdb, "-D", data, "-U", _USER, "-A", "trust", "--no-sync"],
            cwd=data,
            capture_output=True,
            text=True,
            **as_user(_USER),
        )
        if made.returncode != 0:
            raise ChaosError(f"expected initdb to make a database, got: {made.stderr.strip()}")
        options = ("-p", str(self._port), "-h", "127.0.0.1", "-k", "")
        command: list[str | Path] = [server, "-D", data, *options]
        super().__init__("PostgreSQL", command, folder / "postgresql.log", user=_USER)

    def await_usable(self, process: subprocess.Popen[bytes]) -> None:
        await_port(self._port, process)

    def begin_outage(self) -> None:
        self.kill()

    def end_outage(self) -> None:
        self.start()


DATABASES: Final[dict[str, Callable[[Path], Database]]] = {
    "sqlite": Sqlite,
    "postgresql": Postgresql,
}
