"""What the updater remembers from one run to the next, a power cut in between or not."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from packaging.version import Version
from pydantic import BaseModel, ConfigDict, ValidationError

from deploy.certificates import private_files
from deploy.updates.errors import UpdateError
from deploy.updates.release import FolderVersion, VersionText

_FILE: Final = "memory.json"


class Trial(BaseModel):
    """A release that has been switched to, or is about to be, and has not counted yet."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: VersionText
    previous: FolderVersion


class Memory(BaseModel):
    """What is on the disk.

    Attributes:
        minimum_version: the highest version that has counted here; nothing older is taken.
        bad: version → why it was rolled back; never taken again.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    minimum_version: VersionText | None = None
    trial: Trial | None = None
    bad: dict[VersionText, str] = {}

    def refuses(self, version: Version) -> bool:
        """Whether a version is below the minimum."""
        return self.minimum_version is not None and version < Version(self.minimum_version)


class MemoryFolder:
    """The folder with it, for one updater at a time.

    Args:
        path: made where it is missing.

    Raises:
        UpdateError: where it cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.metadata = path / "metadata"
        self.downloads = path / "downloads"
        try:
            for folder in (path, self.metadata, self.downloads):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise UpdateError(
                f"{path}: expected a folder that can be written, got: {error.strerror}; updates "
                "need root's rights and a disk that is not read-only"
            ) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps other updaters out.

        Raises:
            UpdateError: where one is at work.
        """
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as error:
            raise UpdateError(
                "expected to be the only updater, got another at work; wait for its end"
            ) from error
        finally:
            os.close(descriptor)

    def read(self) -> Memory:
        """What was last written; nothing where there is no file.

        Raises:
            UpdateError: for a file that is damaged.
        """
        file = self.path / _FILE
        if not file.exists():
            return Memory()
        try:
            return Memory.model_validate_json(private_files.read(file))
        except ValidationError as error:
            raise UpdateError(
                f"{file}: expected what an updater has written, got something damaged; delete it "
                "once `current` is a release that works"
            ) from error

    def write(self, memory: Memory) -> None:
        """Replaces it; it is on the disk on return."""
        content = json.dumps(memory.model_dump(mode="json"), indent=2)
        private_files.write(self.path / _FILE, content.encode())
        sync(self.path)


def sync(folder: Path) -> None:
    """Has the disk keep a folder's list of files, against a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
