"""A folder that installs a device without a network: the installer and all wheels it needs."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from deploy.device.errors import DeviceError
from deploy.device.lock import REPOSITORY, Target, for_target, locked

PROJECT_WHEEL: Final = "classroom_emotion_counts-*.whl"
_SOURCES: Final = ("pyproject.toml", "setup.cfg", "README.md", "LICENSE")
_PACKAGES: Final = ("edge_agent", "converter", "training", "dashboard", "deploy")
_INSTALLER: Final = ("install.sh", "requirements-agent.txt", "systemd")


def make_bundle(folder: Path, targets: Iterable[Target], *, sources: Path = REPOSITORY) -> None:
    """Makes or completes a bundle; `install.sh` in it then needs no network.

    Args:
        folder: new, or made by an earlier call; wheels that it has are not fetched again.
        targets: the systems whose wheels it gets.
        sources: a checkout, whose package and installer go into it.

    Raises:
        DeviceError: when something cannot be fetched or built.
    """
    wheels = folder / "wheels"
    wheels.mkdir(parents=True, exist_ok=True)
    for target in targets:
        download(wheels, target)
    # Our own of before, and what an older lock had: a device has no use for them.
    hashes = set().union(*locked().values())
    for old in wheels.glob("*.whl"):
        if hashlib.sha256(old.read_bytes()).hexdigest() not in hashes:
            old.unlink()
    build_wheel(wheels, sources=sources)
    for name in _INSTALLER:
        _copy(sources / "deploy" / name, folder / name)
    _copy(sources / "config.yaml", folder / "config.yaml")


def download(wheels: Path, target: Target) -> None:
    """Fetches the locked wheels of a system, each checked against its hash.

    Raises:
        DeviceError: when that fails.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirements:
        requirements.write(for_target(target))
        requirements.flush()
        _pip(
            *("download", "--no-deps", "--require-hashes", "--find-links", str(wheels)),
            *("--dest", str(wheels), *target.pip_options, "-r", requirements.name),
            purpose=f"the wheels of {target.suite} on {target.machine}",
        )


def build_wheel(wheels: Path, *, sources: Path = REPOSITORY) -> Path:
    """Builds the project's own wheel, from a copy: a build folder may hold another version.

    Raises:
        DeviceError: when that fails.
    """
    with tempfile.TemporaryDirectory() as work:
        for name in (*_SOURCES, *_PACKAGES):
            _copy(sources / name, Path(work) / name)
        _pip(
            *("wheel", "--no-deps", "--wheel-dir", str(wheels), work),
            purpose="to build the package's wheel",
        )
    return next(wheels.glob(PROJECT_WHEEL))


def _copy(source: Path, destination: Path) -> None:
    if source.is_dir():
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, destination, dirs_exist_ok=True, ignore=ignored)
    else:
        shutil.copy(source, destination)


def _pip(*arguments: str, purpose: str) -> None:
    command = [sys.executable, "-m", "pip", *arguments, "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        reason = next(reversed(done.stderr.strip().splitlines()), "no reason")
        raise DeviceError(f"expected {purpose}, got: {reason}")
