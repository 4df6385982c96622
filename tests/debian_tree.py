"""A Debian in a folder, made once by debootstrap and kept; programs run in a copy of it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.support import debian_program

CACHE: Final = Path(os.environ.get("DEBIAN_TREES", "/var/tmp/edge-agent-machines"))
"""Kept between runs, a few hundred megabytes each; may be deleted at any time."""
_MIRROR: Final = "http://deb.debian.org/debian"
_BINFMT: Final = Path("/proc/sys/fs/binfmt_misc")
_CLEAN: Final = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": "/root"}
"""What programs inside see of this machine's environment."""


def debian(architecture: str, packages: Sequence[str], *, suite: str = "bookworm") -> Path:
    """A system as debootstrap leaves it; do not change it.

    Needs root, and Debian's debootstrap. The first use takes some minutes, under QEMU ten.
    """
    if os.geteuid() != 0:
        pytest.skip("debootstrap and chroot need root")
    program = debian_program("debootstrap", package="debootstrap")
    if architecture == "arm64":
        debian_program("qemu-aarch64-static", package="qemu-user-static")
        _register_interpreter()
    root = CACHE / f"{suite}-{architecture}"
    finished = root / "installed"
    if not finished.exists():
        print(f"Making a Debian {suite} for {architecture} (once, some minutes)", file=sys.stderr)
        shutil.rmtree(root, ignore_errors=True)
        root.parent.mkdir(parents=True, exist_ok=True)
        options = [f"--arch={architecture}", "--variant=minbase", f"--include={','.join(packages)}"]
        with (CACHE / f"{root.name}.log").open("w") as log:
            command = [program, *options, suite, str(root), _MIRROR]
            subprocess.run(command, check=True, stdout=log, stderr=log)
        finished.touch()
    return root


class Tree:
    """A system in a folder, in which programs run with chroot."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(
        self, *command: str, check: bool = True, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program inside, with nobody at its keyboard.

        Args:
            check: fail with its output where its exit code is not 0.
            environment: more variables of its environment.
        """
        done = subprocess.run(
            ["chroot", str(self.root), *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=_CLEAN | environment,
            timeout=1800,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done


@contextmanager
def copied(system: Path, root: Path) -> Iterator[Tree]:
    """A copy of a system that may be changed, with /proc and /dev; gone at the end."""
    # What a run left that was broken off; never through something that is still mounted.
    remove = ["rm", "-rf", "--one-file-system", root]
    subprocess.run(remove, check=True)
    try:
        subprocess.run(["cp", "--archive", "--reflink=auto", system, root], check=True)
        with mounted(root):
            yield Tree(root)
    finally:
        subprocess.run(remove, check=True)


@contextmanager
def mounted(root: Path) -> Iterator[None]:
    """A tree with /proc, and the devices that programs expect."""
    subprocess.run(["mount", "-t", "proc", "proc", root / "proc"], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", root / "proc"], check=True)


def _register_interpreter() -> None:
    """Makes the kernel start QEMU for arm64 programs, in a chroot too."""
    if not (_BINFMT / "register").exists():
        subprocess.run(["mount", "-t", "binfmt_misc", "none", str(_BINFMT)], check=True)
    if not (_BINFMT / "qemu-aarch64").exists():
        registration = Path("/usr/lib/binfmt.d/qemu-aarch64.conf").read_text().strip()
        (_BINFMT / "register").write_text(registration)
