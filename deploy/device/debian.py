"""The Debian package: the bundle, in a .deb that runs its installer.

It holds wheels, not a ready environment: one release then is the same folder whoever installed
it, an update without apt can stand beside it, and nothing that dpkg owns is changed behind it.
"""

import email.utils
import gzip
import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from deploy.device.bundle import PROJECT_WHEEL, make_bundle
from deploy.device.errors import DeviceError
from deploy.device.lock import REPOSITORY, Target

NAME: Final = "edge-agent"
_RELEASES: Final = {"bookworm": "deb12", "trixie": "deb13"}
_PAPERS: Final = REPOSITORY / "deploy" / "debian"
_SCRIPTS: Final = ("postinst", "prerm", "postrm")


def make_package(folder: Path, target: Target, architecture: str) -> Path:
    """Makes the package of one system, and beside it its bundle, which the next call completes.

    Args:
        folder: for both.
        target: the system.
        architecture: its processor, as Debian names it.

    Returns:
        The package.

    Raises:
        DeviceError: when something cannot be fetched or built.
    """
    bundle = folder / f"{NAME}-{target.suite}-{architecture}"
    make_bundle(bundle, [target])
    return pack(bundle, folder, target, architecture)


def pack(bundle: Path, folder: Path, target: Target, architecture: str) -> Path:
    """Puts a bundle into a package.

    Raises:
        DeviceError: when dpkg-deb is missing or does not make it.
    """
    if shutil.which("dpkg-deb") is None:
        raise DeviceError("expected Debian's dpkg-deb, got none: apt install dpkg")
    version = next(bundle.glob(f"wheels/{PROJECT_WHEEL}")).name.split("-")[1]
    version += f"+{_RELEASES[target.suite]}"
    package = folder / f"{NAME}_{version}_{architecture}.deb"
    with tempfile.TemporaryDirectory() as work:
        root = Path(work) / "root"
        _fill(root, bundle, version)
        _describe(root, version=version, architecture=architecture, target=target)
        # Wheels are packed already: nothing is gained by a second, thorough packing.
        command = ["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build"]
        done = subprocess.run([*command, root, package], capture_output=True, text=True)
    if done.returncode != 0:
        raise DeviceError(f"expected a package, got: {done.stderr.strip()}")
    return package


def _fill(root: Path, bundle: Path, version: str) -> None:
    library = root / "usr/lib" / NAME
    shutil.copytree(bundle, library)
    units = root / "lib/systemd/system"
    units.mkdir(parents=True)
    shutil.copy(bundle / "systemd" / f"{NAME}.service", units)
    journal = root / "usr/lib/systemd/journald.conf.d" / f"{NAME}.conf"
    journal.parent.mkdir(parents=True)
    shutil.copy(bundle / "systemd/journald.conf", journal)
    papers = root / "usr/share/doc" / NAME
    papers.mkdir(parents=True)
    shutil.copy(_PAPERS / "copyright", papers)
    entry = (
        f"{NAME} ({version}) unstable; urgency=medium\n\n  * See CHANGELOG.md of the source.\n\n"
        f" -- Classroom Emotion Counts <maintainers@example.org>  {email.utils.formatdate(0)}\n"
    )
    # Without a moment of packing, the same sources make the same package.
    (papers / "changelog.gz").write_bytes(gzip.compress(entry.encode(), mtime=0))
    _set_modes(root)


def _set_modes(root: Path) -> None:
    for path in root.rglob("*"):
        path.chmod(0o755 if path.is_dir() or path.name == "install.sh" else 0o644)


def _describe(root: Path, *, version: str, architecture: str, target: Target) -> None:
    files = [path for path in sorted(root.rglob("*")) if path.is_file()]
    major, minor = target.python.split(".")
    values = {
        "VERSION": version,
        "ARCHITECTURE": architecture,
        "SIZE": str(sum(path.stat().st_size for path in files) // 1024 + 1),
        "PYTHON": target.python,
        "NEXT_PYTHON": f"{major}.{int(minor) + 1}",
    }
    control = root / "DEBIAN"
    control.mkdir(mode=0o755)
    text = (_PAPERS / "control").read_text()
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    (control / "control").write_text(text)
    sums = [
        f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(root)}\n"
        for path in files
    ]
    (control / "md5sums").write_text("".join(sums))
    for name in _SCRIPTS:
        shutil.copy(_PAPERS / name, control)
        (control / name).chmod(0o755)
