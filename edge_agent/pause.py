"""A pause that somebody asked for: it lasts until somebody resumes, over restarts too."""

import contextlib
import logging
import os
from pathlib import Path

from edge_agent.config import Deployment
from edge_agent.outbox import state_folder

_LOG = logging.getLogger(__name__)


class Pause:
    """Whether the device is paused.

    Args:
        file: exists while it is; None keeps the pause in memory alone.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._on = file is not None and file.exists()

    @property
    def on(self) -> bool:
        """Whether somebody has paused and nobody has resumed."""
        return self._on

    def set(self, on: bool) -> None:
        """Pauses or resumes; with a file, it is on the disk on return."""
        self._on = on
        if self._file is None:
            return
        try:
            if on:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                self._file.touch()
            else:
                self._file.unlink(missing_ok=True)
            _sync(self._file.parent)
        except OSError as error:
            _LOG.error(
                "%s: the next start will not know that the device was %s: %s; "
                "check that the disk can be written",
                self._file,
                "paused" if on else "resumed",
                error.strerror,
            )


def pause_file(deployment: Deployment) -> Path:
    """Where a device remembers that it is paused."""
    return state_folder() / f"{deployment.site}.{deployment.device}.paused"


def _sync(folder: Path) -> None:
    """Has the disk keep a folder's list of files, against a power cut."""
    with contextlib.ExitStack() as stack:
        descriptor = os.open(folder, os.O_RDONLY)
        stack.callback(os.close, descriptor)
        os.fsync(descriptor)
