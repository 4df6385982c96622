"""An arm64 Debian in a folder, whose programs QEMU runs: what a Raspberry Pi would answer."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.support import REPOSITORY, debian_program

FOLDER: Final = REPOSITORY / "build" / "arm64"
"""Kept between runs; git ignores it."""
_SUITE: Final = "bookworm"
_PYTHON: Final = "3.11"
_MIRROR: Final = "http://deb.debian.org/debian"
_PACKAGES: Final = ("python3", "python3-venv", "ca-certificates")
_PLATFORMS: Final = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014")
_BINFMT: Final = Path("/proc/sys/fs/binfmt_misc")


class Machine:
    """The system, with the agent's dependencies and the repository's packages installed.

    The first use downloads about 200 MB and takes some minutes.
    """

    def __init__(self) -> None:
        if platform.machine() == "aarch64":
            pytest.skip("this machine is arm64 already: `make test` shows it")
        if os.geteuid() != 0:
            pytest.skip("debootstrap and chroot need root")
        self._debootstrap = debian_program("debootstrap", package="debootstrap")
        debian_program("qemu-aarch64-static", package="qemu-user-static")
        self.root = FOLDER / _SUITE
        self._register_interpreter()
        self._install_system()
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

    def _register_interpreter(self) -> None:
        """Makes the kernel start QEMU for arm64 programs, in a chroot too."""
        if not (_BINFMT / "register").exists():
            subprocess.run(["mount", "-t", "binfmt_misc", "none", str(_BINFMT)], check=True)
        if not (_BINFMT / "qemu-aarch64").exists():
            registration = Path("/usr/lib/binfmt.d/qemu-aarch64.conf").read_text().strip()
            (_BINFMT / "register").write_text(registration)

    def _install_system(self) -> None:
        finished = self.root / "installed"
        if finished.exists():
            return
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.parent.mkdir(exist_ok=True)
        options = ["--arch=arm64", "--variant=minbase", f"--include={','.join(_PACKAGES)}"]
        subprocess.run([self._debootstrap, *options, _SUITE, str(self.root), _MIRROR], check=True)
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
        requirements = _agent_requirements()
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(wheels)),
                *("--only-binary=:all:", "--python-version", _PYTHON),
                *("--implementation", "cp"),
                *(f"--platform={platform}_aarch64" for platform in _PLATFORMS),
                *requirements,
            ],
            check=True,
        )
        self.run("python3", "-m", "venv", "/venv")
        self.run(
            *("/venv/bin/python", "-m", "pip", "install", "--quiet"),
            *("--no-index", "--find-links", "/wheels", *requirements),
        )
        (self.root / "venv" / "installed").touch()


def _agent_requirements() -> list[str]:
    """What setup.cfg says that a device needs."""
    from configparser import ConfigParser

    config = ConfigParser()
    config.read(REPOSITORY / "setup.cfg")
    texts = (config["options"]["install_requires"], config["options.extras_require"]["agent"])
    lines = [line.strip() for text in texts for line in text.splitlines()]
    return [line.replace(" ", "") for line in lines if line and not line.startswith("#")]
