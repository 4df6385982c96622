"""A release's virtual environment: made from wheels alone, and tried out before it is used."""

import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
import venv
import warnings
from pathlib import Path
from typing import Final

from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.exceptions import InstallerError
from installer.sources import WheelFile
from packaging.tags import sys_tags
from packaging.utils import parse_wheel_filename

from deploy.updates.errors import UpdateError

_TRY_SECONDS: Final = 300
_SCHEMES: Final = ("purelib", "platlib", "headers", "scripts", "data")


def require_fit(wheels: list[Path]) -> None:
    """Checks that this machine can use the wheels.

    Raises:
        UpdateError: where one was made for other machines.
    """
    usable = set(sys_tags())
    for file in wheels:
        if usable.isdisjoint(parse_wheel_filename(file.name)[3]):
            raise UpdateError(
                f"{file.name}: expected a wheel for {sysconfig.get_platform()} and Python "
                f"{sys.version_info.major}.{sys.version_info.minor}, got one for another machine; "
                "publish the release again with the right wheels"
            )


def build(folder: Path, wheels: list[Path], *, like: Path) -> None:
    """Makes a virtual environment.

    Args:
        folder: of the release; nothing is there yet.
        wheels: all of it; nothing is fetched.
        like: another environment, whose view of the system's packages is taken over, as
            Picamera2 comes from apt.

    Raises:
        UpdateError: where the disk is full, or a wheel is damaged.
    """
    try:
        # No pip: a release is never changed, and this saves 10 MB of a card.
        venv.EnvBuilder(system_site_packages=_sees_system(like), symlinks=True).create(folder)
        paths = sysconfig.get_paths(
            "posix_prefix", vars={"base": str(folder), "platbase": str(folder)}
        )
        scheme = {name: paths["include" if name == "headers" else name] for name in _SCHEMES}
        destination = SchemeDictionaryDestination(
            scheme,
            interpreter=str(folder / "bin" / "python"),
            script_kind="posix",
            # Who runs the agent may not write here, and would compile at every start.
            bytecode_optimization_levels=[0],
        )
        for file in wheels:
            with WheelFile.open(file) as source, warnings.catch_warnings():
                # NumPy's wheel brings compiled Python, which is left away and compiled here.
                warnings.simplefilter("ignore", RuntimeWarning)
                install(source, destination, additional_metadata={})
    except (OSError, InstallerError, ValueError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise UpdateError(
            f"{folder.name}: expected room and whole wheels, got: "
            f"{getattr(error, 'strerror', None) or error}; make room on the card, or publish again"
        ) from error


def try_out(python: Path, version: str, config: Path, user: str | None) -> None:
    """Has a release load its networks and this device's configuration, and its updater start.

    Args:
        python: the release's.
        version: that it must say it is.
        config: the agent's configuration.
        user: whom it runs as, where this is root.

    Raises:
        UpdateError: where it does not.
    """
    said = _run([python, "-m", "edge_agent", "--version"], user)
    if said.split()[-1:] != [version]:
        raise UpdateError(
            f"{version}: expected an agent that calls itself so, got {said.strip()[-60:]!r}; "
            "publish it again"
        )
    _run([python, "-m", "edge_agent", "models", "--config", config], user)
    _run([python, "-m", "deploy.updates.client", "--version"], user)


def _run(command: list[str | Path], user: str | None) -> str:
    account = None
    if user is not None and os.geteuid() == 0:
        try:
            account = pwd.getpwnam(user)
        except KeyError as error:
            raise UpdateError(
                f"user: expected an account of this machine, got {user!r}; install the agent first"
            ) from error
    try:
        answer = subprocess.run(
            command,
            cwd="/",
            capture_output=True,
            text=True,
            timeout=_TRY_SECONDS,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UpdateError(f"expected a release that starts, got: {error}") from error
    if answer.returncode:
        last = (answer.stderr.strip().splitlines() or ["nothing"])[-1]
        words = " ".join(str(part) for part in command[1:4])
        raise UpdateError(f"expected a release whose `{words}` works, got: {last[-300:]}")
    return answer.stdout


def _sees_system(environment: Path) -> bool:
    try:
        text = (environment / "pyvenv.cfg").read_text()
    except OSError:
        return False
    return "include-system-site-packages = true" in text
