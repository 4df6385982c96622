"""The wheels of a release: what pip would install from a folder on one kind of machine."""

import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Final

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from deploy.updates.errors import UpdateError
from deploy.updates.release import PROJECT

EXTRAS: Final = "agent,updates"
_OLDEST, _NEWEST = 5, 36  # manylinux_2_5 (glibc 2.5) to Debian bookworm's glibc 2.36


def project_version(folder: Path) -> str:
    """The version of this project's wheel in a folder.

    Raises:
        UpdateError: where there is none, or more than one.
    """
    found = []
    for file in folder.glob("*.whl"):
        try:
            name, version, _, _ = parse_wheel_filename(file.name)
        except InvalidWheelFilename as error:
            raise UpdateError(
                f"{file}: expected a wheel's file name, got another: {error}"
            ) from error
        if name == PROJECT:
            found.append(str(version))
    if len(found) != 1:
        raise UpdateError(
            f"{folder}: expected one wheel of {PROJECT}, found {len(found)}; make one with "
            "`make bundle`, or give another folder with --wheels"
        )
    return found[0]


def resolve(folder: Path, *, version: str, architecture: str, python: str) -> list[Path]:
    """The wheels in a folder that a device needs, by pip's own judgement.

    Args:
        folder: with at least what is needed.
        version: of this project.
        architecture, python: of the device.

    Raises:
        UpdateError: where one is missing, or made for other machines.
    """
    platforms = [f"manylinux_2_{minor}_{architecture}" for minor in range(_NEWEST, _OLDEST - 1, -1)]
    platforms += [f"{old}_{architecture}" for old in ("manylinux2014", "manylinux2010")]
    platforms += [f"linux_{architecture}"]
    with tempfile.TemporaryDirectory() as nowhere:
        command = [
            *(sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check", "install"),
            *("--quiet", "--dry-run", "--ignore-installed", "--no-index", "--report", "-"),
            *("--only-binary", ":all:", "--find-links", str(folder.resolve())),
            *("--target", nowhere, "--implementation", "cp", "--python-version", python),
            *(part for platform in platforms for part in ("--platform", platform)),
            f"{PROJECT}[{EXTRAS}]=={version}",
        ]
        answer = subprocess.run(command, capture_output=True, text=True)
    if answer.returncode:
        problem = next(
            (line for line in answer.stderr.splitlines() if line.startswith("ERROR: ")), "ERROR: ?"
        )
        raise UpdateError(
            f"{folder}: expected every wheel that {architecture} with Python {python} needs, got "
            f"from pip: {problem.removeprefix('ERROR: ')}; make them with `make bundle`, "
            "as docs/operations.md tells"
        )
    report = json.loads(answer.stdout)
    names = {str(one["download_info"]["url"]).rpartition("/")[2] for one in report["install"]}
    return [file for file in sorted(folder.glob("*.whl")) if file.name in names]


def installed_bytes(wheels: list[Path]) -> int:
    """What the files in the wheels take, with twice as much again for compiled Python.

    Raises:
        UpdateError: for a file that is no wheel.
    """
    total = 0
    for file in wheels:
        try:
            with zipfile.ZipFile(file) as wheel:
                entries = wheel.infolist()
        except (OSError, zipfile.BadZipFile) as error:
            raise UpdateError(f"{file}: expected a wheel, got: {error}") from error
        total += sum(
            entry.file_size * (3 if entry.filename.endswith(".py") else 1) for entry in entries
        )
    return total
