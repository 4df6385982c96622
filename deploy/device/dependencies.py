"""What a device installs, on paper: packages, licences, sizes and hashes."""

import email
import hashlib
import tempfile
import zipfile
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Final

from deploy.device.bundle import build_wheel, download
from deploy.device.lock import REPOSITORY, TARGETS, Target

DOCUMENT: Final = REPOSITORY / "docs" / "dependencies.md"
LIMIT_MB: Final = 300
"""What a device may install at most."""
_TELLS_NOTHING: Final = ("", "UNKNOWN", "LICENSE")


@dataclass(frozen=True)
class Wheel:
    """A file that is installed.

    Attributes:
        licence: as its own metadata tell.
        size: bytes to fetch.
        unpacked: bytes on the disk, without the bytecode that Python adds.
    """

    file: str
    sha256: str
    name: str
    version: str
    licence: str
    home: str
    size: int
    unpacked: int

    @classmethod
    def read(cls, path: Path) -> "Wheel":
        """Looks into a file."""
        with zipfile.ZipFile(path) as archive:
            names = [n for n in archive.namelist() if n.endswith(".dist-info/METADATA")]
            metadata = email.message_from_bytes(archive.read(names[0]))
            unpacked = sum(entry.file_size for entry in archive.infolist())
        return cls(
            file=path.name,
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
            name=str(metadata["Name"]),
            version=str(metadata["Version"]),
            licence=_licence(metadata),
            home=_home(metadata),
            size=path.stat().st_size,
            unpacked=unpacked,
        )


def write_document(path: Path = DOCUMENT) -> None:
    """Fetches every file that a device may install, and writes what it is.

    Raises:
        DeviceError: when a file cannot be fetched.
    """
    systems: dict[Target, list[Wheel]] = {}
    with tempfile.TemporaryDirectory() as folder:
        own = Wheel.read(build_wheel(Path(folder)))
        for target in TARGETS:
            wheels = Path(folder) / f"{target.suite}-{target.machine}"
            wheels.mkdir()
            download(wheels, target)
            systems[target] = [Wheel.read(file) for file in sorted(wheels.iterdir())]
    path.write_text(_document(own, systems))


def _document(own: Wheel, systems: dict[Target, list[Wheel]]) -> str:
    files = sorted({wheel for wheels in systems.values() for wheel in wheels}, key=_order)
    packages = {(wheel.name, wheel.version): wheel for wheel in reversed(files)}
    lines = [
        "# What a device installs",
        "",
        "Made by `python -m deploy dependencies`, from the files themselves. The installer takes",
        "these and no others: each is checked against its hash, which",
        "`deploy/requirements-agent.txt` has, too. Beside them a device needs Python and its",
        "`venv` from Debian, and Picamera2 where a camera is on the ribbon cable.",
        "",
        f"The goal is at most {LIMIT_MB} MB. Sizes are in 10^6 bytes; *installed* is without the",
        "bytecode that Python adds. `make install-arm64` measures a whole installation.",
        "",
        "| system | packages | to fetch | installed |",
        "|---|---|---|---|",
    ]
    for target, wheels in systems.items():
        size, unpacked = (
            sum(getattr(wheel, name) for wheel in [own, *wheels]) / 1e6
            for name in ("size", "unpacked")
        )
        lines.append(
            f"| {target.suite}, Python {target.python}, {target.machine} | {len(wheels)} and ours "
            f"| {size:.0f} MB | {unpacked:.0f} MB |"
        )
    lines += [
        "",
        "## Packages and licences",
        "",
        "| package | version | licence, as it says itself | from |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {wheel.name} | {wheel.version} | {wheel.licence} | {wheel.home} |"
        for wheel in sorted(packages.values(), key=_order)
    ]
    lines += ["", "## Files", "", "| file | size | SHA-256 |", "|---|---|---|"]
    lines += [f"| {w.file} | {w.size / 1e6:.2f} MB | `{w.sha256}` |" for w in files]
    return "\n".join(lines) + "\n"


def _order(wheel: Wheel) -> tuple[str, str, str]:
    return wheel.name.lower(), wheel.version, wheel.file


def _licence(metadata: Message) -> str:
    """The short name: new metadata have an expression, old ones their own words or a class."""
    if metadata["License-Expression"]:
        return str(metadata["License-Expression"])
    own = str(metadata["License"] or "").strip().partition("\n")[0]
    classes = [c for c in metadata.get_all("Classifier", []) if c.startswith("License :: ")]
    names = [c.rpartition(" :: ")[2] for c in classes]
    # Some put the whole text where its name belongs.
    short = own if own not in _TELLS_NOTHING and len(own) < 40 and "opyright" not in own else ""
    return short or " and ".join(names) or "not told"


def _home(metadata: Message) -> str:
    if metadata["Home-page"] and metadata["Home-page"] != "UNKNOWN":
        return str(metadata["Home-page"])
    links = dict(
        link.split(", ", 1) for link in metadata.get_all("Project-URL", []) if ", " in link
    )
    wanted = ("homepage", "source", "repository", "source code", "github")
    return next((url for key in wanted for name, url in links.items() if name.lower() == key), "")
