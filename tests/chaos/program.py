"""A program that the chaos kills and starts again."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from tests.support import PATIENCE_SECONDS, REPOSITORY


class ChaosError(Exception):
    """The chaos cannot begin or go on; one sentence says what was expected and what came."""


def debian(name: str, *, package: str, folder: str = "/usr/sbin") -> str:
    """Where a program of Debian's is."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{folder}")
    if found is None:
        raise ChaosError(f"expected Debian's {name}, got none: apt-get install {package}")
    return found


class Program:
    """A process with its output in a file.

    Args:
        name: what errors call it.
        command: what to start.
        log: where its output is added.
        user: who runs it where this process is root's; else the same user.
    """

    def __init__(
        self, name: str, command: Sequence[str | Path], log: Path, *, user: str | None = None
    ) -> None:
        self.name, self.log = name, log
        self._command, self._user = command, user
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def ended(self) -> bool:
        """Whether it ended by itself."""
        return self._process is not None and self._process.poll() is not None

    def start(self) -> None:
        """Starts it, and returns once it can be used.

        Raises:
            ChaosError: when it ends or does not become usable.
        """
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **as_user(self._user),
            )
        try:
            self.await_usable(self._process)
        except AssertionError as error:
            raise ChaosError(
                f"expected {self.name} to start, it {error}: see {self.log}"
            ) from error

    def await_usable(self, process: subprocess.Popen[bytes]) -> None:
        """Returns once the process, just started, can be used."""

    def send(self, number: int) -> None:
        """Sends it a signal."""
        if self._process is not None:
            self._process.send_signal(number)

    def kill(self) -> None:
        """Kills it with all that it started, as a power cut would."""
        if self._process is None:
            return
        if self._process.poll() is None:
            parent = psutil.Process(self._process.pid)
            parent.suspend()  # so that it starts no more of them
            children = parent.children(recursive=True)
            parent.kill()
            for child in children:
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
            psutil.wait_procs(children, PATIENCE_SECONDS)
        self._process.wait(PATIENCE_SECONDS)
        self._process = None


def as_user(user: str | None) -> dict[str, Any]:
    """Options of `subprocess` that let root start a program as somebody else."""
    if user is None or os.geteuid() != 0:
        return {}
    return {"user": user, "group": user, "extra_groups": []}
