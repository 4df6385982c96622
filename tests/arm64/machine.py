"""An arm64 Debian in a folder, whose programs QEMU runs: what a Raspberry Pi would answer."""

import platform
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from deploy.device.bundle import download
from deploy.device.lock import TARGETS, for_target
from tests.debian_tree import debian
from tests.support import REPOSITORY

FOLDER: Final = REPOSITORY / "build" / "arm64"
"""Kept between runs; git ignores it."""
PACKAGES: Final = ("python3", "python3-venv", "ca-certificates", "systemd")
TARGET: Final = next(t for t in TARGETS if (t.suite, t.machine) == ("bookworm", "aarch64"))


class Machine:
    """The system, with the agent's dependencies and the repository's packages installed.

    The first use downloads about 200 MB and takes some minutes.
    """

    def __init__(self) -> None:
        if platform.machine() == "aarch64":
            pytest.skip("this machine is arm64 already: `make test` shows it")
        self.root = FOLDER / TARGET.suite
        self._install_system(debian("arm64", PACKAGES, suite=TARGET.suite))
        self._install_agent()

    def run(self, *command: str, environment: Sequence[str] = ()) -> str:
        """Runs a program inside, in the folder of the project; returns its standard output."""
        inside = ["chroot", str(self.root), "/usr/bin/env", "-C", "/project", *environment]
        done = subprocess.run([*inside, *command], capture_output=True, text=True, timeout=1800)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def python(self, *arguments: str) -> str:
        """Runs Python inside, with the agent's dependencies."""
        return self.run("/venv/bin/python", *arguments)

    def _install_system(self, system: Path) -> None:
        finished = FOLDER / f"{TARGET.suite}.copied"
        if finished.exists():
            return
        shutil.rmtree(self.root, ignore_errors=True)
        finished.unlink(missing_ok=True)
        self.root.parent.mkdir(exist_ok=True, parents=True)
        subprocess.run(["cp", "--archive", system, self.root], check=True)
        finished.touch()

    def _install_agent(self) -> None:
        """Wheels for arm64 are fetched outside, so that the system needs no network."""
        project = self.root / "project"
        shutil.rmtree(project, ignore_errors=True)
        project.mkdir()
        shutil.copytree(REPOSITORY / "edge_agent", project / "edge_agent")
        shutil.copytree(REPOSITORY / "tests" / "arm64", project / "tests" / "arm64")
        if (self.root / "venv" / "installed").exists():
            return
        wheels = self.root / "wheels"
        wheels.mkdir(exist_ok=True)
        download(wheels, TARGET)
        (self.root / "requirements.txt").write_text(for_target(TARGET))
        self.run("python3", "-m", "venv", "/venv")
        self.run(
            *("/venv/bin/python", "-m", "pip", "install", "--quiet", "--require-hashes"),
            *("--no-index", "--find-links", "/wheels", "-r", "/requirements.txt"),
        )
        (self.root / "venv" / "installed").touch()
