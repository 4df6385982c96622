"""Files and folders that only their owner may read, and that are whole or not there."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class FileError(Exception):
    """A file or folder that cannot be read or written; one sentence says what to change."""


def read(file: Path) -> bytes:
    """The content of a file."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise FileError(
            f"{file}: expected a readable file, got: {error.strerror}; bring it back from a copy, "
            "or run this as its owner"
        ) from error


def write(file: Path, content: bytes) -> None:
    """Writes a file beside its place and then puts it there, in place of an earlier one."""
    try:
        descriptor, temporary = tempfile.mkstemp(dir=file.parent)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(file)
    except OSError as error:
        raise FileError(
            f"{file}: expected a folder that can be written, got: {error.strerror}"
        ) from error


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder to fill, which gets its name at the end and never takes another's place."""
    try:
        folder = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
    except OSError as error:
        raise FileError(
            f"{target.parent}: expected a folder that can be written, got: {error.strerror}"
        ) from error
    try:
        yield folder
        folder.rename(target)
    except BaseException as error:
        shutil.rmtree(folder)
        if isinstance(error, OSError):
            raise FileError(
                f"{target}: expected a new or empty folder, got: {error.strerror}"
            ) from error
        raise
