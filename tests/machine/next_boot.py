"""What the next boot will find on a disk, after a power cut at this moment."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def next_boot(disk: Path, folder: Path) -> Iterator["Found"]:
    """A copy of a disk on which the file system's own journal has been played back.

    Args:
        disk: with one ext4 file system and no table of partitions; nothing may write to it.
        folder: for the copy, which is removed.
    """
    copy = folder / "copy.raw"
    subprocess.run(["cp", "--sparse=always", disk, copy], check=True)
    try:
        # Ends with 1 where it has played the journal back.
        subprocess.run(["e2fsck", "-p", copy], capture_output=True)
        yield Found(copy)
    finally:
        copy.unlink()


class Found:
    """Reads a disk.

    Args:
        disk: nothing may write to it.
    """

    def __init__(self, disk: Path) -> None:
        self._disk = disk

    def size(self, path: str) -> int | None:
        """Bytes of a file or folder; None where there is none."""
        found = re.search(r"Size: (\d+)", self._stat(path))
        return int(found[1]) if found else None

    def link(self, path: str) -> str | None:
        """Where a symbolic link points; None where there is none."""
        found = re.search(r'Fast link dest: "(.*)"', self._stat(path))
        return found[1] if found else None

    def dump(self, path: str, out: Path) -> None:
        """Copies a file out; there is none afterwards where there was none."""
        out.unlink(missing_ok=True)
        self._debugfs(f"dump {path} {out}")

    def _stat(self, path: str) -> str:
        return self._debugfs(f"stat {path}")

    def _debugfs(self, command: str) -> str:
        told = subprocess.run(
            ["debugfs", "-R", command, self._disk], capture_output=True, text=True, check=True
        )
        return told.stdout
