"""The packages of a device, each with its version and the hash of every file: the lock."""

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from deploy.device.errors import DeviceError

REPOSITORY: Final = Path(__file__).parents[2]
LOCK: Final = REPOSITORY / "deploy" / "requirements-agent.txt"
_PLATFORMS: Final = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014")
_CONSTRAINTS: Final = {"3.11": ("numpy < 2",)}
"""Picamera2 of bookworm is built for NumPy 1, and ends when it meets another."""
_HEADING: Final = """\
# What a device installs, and nothing else: every file is checked against its hash.
# Made by: python -m deploy lock
"""


class Target(NamedTuple):
    """A system that a device may run.

    Attributes:
        suite: Debian's name of the release.
        python: the version of its own Python.
        machine: the processor, as Python names it.
    """

    suite: str
    python: str
    machine: str

    @property
    def pip_options(self) -> list[str]:
        """What makes pip look for this system's files, wherever it runs."""
        platforms = [f"--platform={name}_{self.machine}" for name in _PLATFORMS]
        return ["--only-binary=:all:", "--python-version", self.python, *platforms]


TARGETS: Final = tuple(
    Target(suite, python, machine)
    for suite, python in (("bookworm", "3.11"), ("trixie", "3.13"))
    for machine in ("aarch64", "x86_64")
)


@dataclass(frozen=True)
class Package:
    """A package in one version.

    Attributes:
        pythons: the versions of Python that get this one.
        hashes: SHA-256 of its wheels, for all systems that get it.
    """

    name: str
    version: str
    pythons: tuple[str, ...]
    hashes: tuple[str, ...]

    def requirement(self) -> str:
        """Its lines of a requirements file."""
        where = f' ; python_version == "{self.pythons[0]}"' if len(self.pythons) == 1 else ""
        hashes = [f"    --hash=sha256:{sha256}" for sha256 in self.hashes]
        return " \\\n".join([f"{self.name}=={self.version}{where}", *hashes])


def resolve() -> list[Package]:
    """Asks pip what setup.cfg means today, for every system.

    Raises:
        DeviceError: where pip finds no answer.
    """
    found: dict[tuple[str, str], Package] = {}
    for target in TARGETS:
        for item in _report(target)["install"]:
            metadata, download = item["metadata"], item["download_info"]
            key = (re.sub("[-_.]+", "-", metadata["name"]).lower(), metadata["version"])
            sha256 = download["archive_info"]["hashes"]["sha256"]
            known = found.get(key)
            found[key] = Package(
                *key,
                pythons=_union(known.pythons if known else (), target.python),
                hashes=_union(known.hashes if known else (), sha256),
            )
    return sorted(found.values(), key=lambda package: (package.name, package.pythons))


def write(packages: Iterable[Package], path: Path = LOCK) -> None:
    """Writes a lock for pip's ``--require-hashes``."""
    lines = [package.requirement() for package in packages]
    path.write_text(_HEADING + "\n".join(lines) + "\n")


def for_target(target: Target, path: Path = LOCK) -> str:
    """The lock of one system, without the markers: pip reads those for the Python it runs in.

    Raises:
        DeviceError: when there is no lock.
    """
    kept = []
    for block in _blocks(path):
        marker = re.search(r' ; python_version == "([\d.]+)"', block)
        if marker is None or marker[1] == target.python:
            kept.append(block.replace(marker[0], "") if marker else block)
    return "\n".join(kept) + "\n"


def locked(path: Path = LOCK) -> dict[tuple[str, str], set[str]]:
    """(name, version) → hashes, as the lock has them."""
    result = {}
    for block in _blocks(path):
        name, version = block.split()[0].split("==")
        result[name, version] = set(re.findall(r"--hash=sha256:([0-9a-f]{64})", block))
    return result


def direct_requirements() -> list[str]:
    """What setup.cfg says that a device needs, to count and to update itself."""
    config = ConfigParser()
    config.read(REPOSITORY / "setup.cfg")
    extras = config["options.extras_require"]
    texts = (config["options"]["install_requires"], extras["agent"], extras["updates"])
    lines = [line.strip() for text in texts for line in text.splitlines()]
    return [line.replace(" ", "") for line in lines if line and not line.startswith("#")]


def _report(target: Target) -> dict[str, Any]:
    wishes = [*direct_requirements(), *_CONSTRAINTS.get(target.python, ())]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
    command += ["--target", "/nonexistent", "--report", "-", *target.pip_options, *wishes]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise DeviceError(
            f"expected packages for {target.suite} on {target.machine}, got: "
            f"{done.stderr.strip().splitlines()[-1]}"
        )
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def _blocks(path: Path) -> list[str]:
    if not path.exists():
        raise DeviceError(f"expected {path}, got none; make it with: python -m deploy lock")
    text = "".join(line for line in path.open() if not line.startswith("#"))
    return re.split(r"\n(?=\S)", text.strip())


def _union(known: tuple[str, ...], new: str) -> tuple[str, ...]:
    return tuple(sorted({*known, new}))
