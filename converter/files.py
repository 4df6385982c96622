"""Files that are whole or absent: nobody ever finds half of one under its name."""

import contextlib
import os
from pathlib import Path


class OutputError(ValueError):
    """A file that cannot be written."""


def write_whole(path: Path, content: bytes) -> None:
    """Writes beside, waits for the disk, then renames; an earlier file stays until then.

    Raises:
        OutputError: when the disk is full or the folder cannot be written; nothing is left.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with partial.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            raise
        _remember(path.parent)
    except OSError as error:
        raise OutputError(
            f"{path}: expected to write {len(content) / 1e3:.0f} kB, got: {error.strerror}; make "
            "room, or choose another folder with --out"
        ) from error


def _remember(folder: Path) -> None:
    """Brings a rename to the disk, where the file system lets itself be asked."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
