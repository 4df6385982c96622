"""Debian's PostgreSQL on a loopback port, with its files in a temporary folder."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import PATIENCE_SECONDS, await_true, debian_program, free_port


class PostgreSQL:
    """A cluster that can be stopped and started; only ``teacher`` needs a password to enter."""

    def __init__(self, folder: Path) -> None:
        """Makes its files in a folder that its user owns, where there are none yet."""
        self.port = free_port()
        self._data = folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        if self._data.exists():
            return
        options = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync"]
        command = [_program("initdb"), *options, "-D", str(self._data)]
        subprocess.run(command, check=True, capture_output=True, **_AS_USER)
        rules = self._data / "pg_hba.conf"
        rules.write_text(f"host all teacher 127.0.0.1/32 scram-sha-256\n{rules.read_text()}")

    def start(self) -> None:
        """Returns once it answers."""
        options = ["-p", str(self.port), "-c", "listen_addresses=127.0.0.1"]
        options += ["-c", f"unix_socket_directories={self._data.parent}"]
        command = [_program("postgres"), "-D", str(self._data), *options]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **_AS_USER
        )
        ready = [_program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        await_true(lambda: subprocess.run(ready, check=False).returncode == 0)

    def stop(self) -> None:
        """Cuts all connections, and returns once it has ended."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(PATIENCE_SECONDS)
            self._process = None

    def new_database(self, name: str) -> str:
        """The URL of a new, empty store."""
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres"]
        subprocess.run([_program("createdb"), *where, name], check=True)
        return self.url(name)

    def url(self, name: str) -> str:
        """The URL of a store."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"


@contextmanager
def running_postgresql(kept: Path | None = None) -> Iterator[PostgreSQL]:
    """A cluster at work, gone afterwards.

    Args:
        kept: a folder that its user can enter, in place of a temporary one, to find it again.
    """
    # Not under pytest's folder, which its user could not enter.
    with tempfile.TemporaryDirectory(prefix="postgresql-") as temporary:
        folder = Path(temporary) if kept is None else kept
        folder.mkdir(parents=True, exist_ok=True)
        if _AS_USER:
            shutil.chown(folder, "postgres")
        server = PostgreSQL(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _program(name: str) -> str:
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        return str(folder / name)
    return debian_program(name, package="postgresql")


def _as_user() -> dict[str, int]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        return {}  # it is not installed
    return {"user": user.pw_uid, "group": user.pw_gid}


_AS_USER = _as_user()
