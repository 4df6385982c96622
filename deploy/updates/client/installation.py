"""Where releases are installed: a folder each, and links that say which one is in use."""

import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from packaging.version import InvalidVersion, Version

from deploy.updates.client.memory import sync
from deploy.updates.errors import UpdateError

CURRENT: Final = "current"
PREVIOUS: Final = "previous"
"""What the installer goes back to when somebody asks it to."""
UPDATER: Final = "updater"
"""The release whose updater is used: one that has counted, so that a release whose updater is
broken can still be rolled back by the one before it."""
_COMPLETE: Final = "complete"
_INSTALLER: Final = "installer"


class Installation:
    """The folder ``/opt/edge-agent``.

    Args:
        folder: has ``releases/<version>`` and the link ``current``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.releases = folder / "releases"

    def current(self) -> Version:
        """The release in use.

        Raises:
            UpdateError: where there is none.
        """
        link = self._folder / CURRENT
        try:
            return Version(link.resolve(strict=True).name)
        except (OSError, InvalidVersion) as error:
            raise UpdateError(
                f"{link}: expected a link to releases/<version>, got none; install the agent first"
            ) from error

    def path(self, version: Version) -> Path:
        """The folder of a release."""
        return self.releases / str(version)

    def python(self, version: Version) -> Path:
        """The interpreter of a release."""
        return self.path(version) / "bin" / "python"

    def has(self, version: Version) -> bool:
        """Whether a release is there, whole."""
        return (self.path(version) / _COMPLETE).exists()

    def inherit(self, version: Version, previous: Version) -> None:
        """Keeps the installer beside a release, so that it can be removed as it came."""
        source = self.path(previous) / _INSTALLER
        if source.is_dir():
            shutil.copytree(source, self.path(version) / _INSTALLER)

    def complete(self, version: Version) -> None:
        """Notes that a release is whole; all of it is on the disk on return."""
        os.sync()
        (self.path(version) / _COMPLETE).touch()
        sync(self.path(version))

    def switch(self, version: Version, link: str = CURRENT) -> None:
        """Has a link name a release, from one moment to the next.

        Raises:
            UpdateError: where it cannot.
        """
        try:
            with tempfile.TemporaryDirectory(dir=self._folder, prefix=".link-") as beside:
                new = Path(beside) / link
                new.symlink_to(Path("releases") / str(version))
                new.replace(self._folder / link)
            sync(self._folder)
        except OSError as error:
            raise UpdateError(
                f"{self._folder / link}: expected a folder that can be written, got: "
                f"{error.strerror}"
            ) from error

    def remove(self, version: Version) -> None:
        """Deletes a release."""
        shutil.rmtree(self.path(version), ignore_errors=True)

    def clean(self, keep: set[Version]) -> None:
        """Deletes what an interrupted run has left, and releases that are not to be kept."""
        kept = {str(version) for version in keep}
        kept |= {(self._folder / link).resolve().name for link in (CURRENT, PREVIOUS, UPDATER)}
        for path in self.releases.iterdir():
            if path.name not in kept:
                shutil.rmtree(path, ignore_errors=True)

    def require_room(self, folder: Path, needed: int, what: str) -> None:
        """Checks the disk before anything is written.

        Raises:
            UpdateError: where it has too little room.
        """
        free = shutil.disk_usage(folder).free
        if free < needed:
            raise UpdateError(
                f"{what}: expected {needed / 1e6:,.0f} MB free in {folder}, got "
                f"{free / 1e6:,.0f} MB; make room on the card"
            )


def architecture() -> str:
    """This machine's, as releases name it; ``arm64`` and ``amd64`` are Debian's names."""
    return {"arm64": "aarch64", "amd64": "x86_64"}.get(platform.machine(), platform.machine())


def python_version() -> str:
    """Major and minor version of the Python that releases are run by."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"
