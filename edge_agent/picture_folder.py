"""A folder of pictures as a source: each is one frame, in the order of their names."""

import logging
from functools import partial
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge_agent.demand import Demand
from edge_agent.errors import SourceError
from edge_agent.recording import at_own_pace, every_frame
from edge_agent.source import Source

_LOG = logging.getLogger(__name__)
_ENDINGS: Final = (".jpg", ".jpeg", ".png")


def open_picture_folder(folder: Path, demand: Demand, *, fast: bool) -> Source:
    """Opens a folder of JPEG and PNG files; those that cannot be decoded are passed over.

    Raises:
        SourceError: when the folder cannot be read or holds no picture.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in _ENDINGS)
    except OSError as error:
        raise SourceError(
            f"{folder}: expected a readable folder, got: {error.strerror}; check the path given "
            "with --source"
        ) from error
    decoder = _Decoder()
    while paths and decoder.decode(paths[0]) is None:
        del paths[0]
    if not paths:
        raise SourceError(
            f"{folder}: expected pictures ({', '.join(_ENDINGS)}), found none that can be decoded"
        )
    step = 1 / demand.frames_per_second
    recording = ((index * step, partial(decoder.decode, path)) for index, path in enumerate(paths))
    frames = every_frame(recording) if fast else at_own_pace(recording, demand)
    return Source(f"folder of pictures {folder.name}", False, frames, recording.close)


class _Decoder:
    """Reads pictures, and tells of the first that is none."""

    def __init__(self) -> None:
        self._told = False

    def decode(self, path: Path) -> np.ndarray | None:
        """(H, W, 3) uint8 BGR; None when the file is no picture."""
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if image is None and not self._told:
            self._told = True
            _LOG.warning(
                "%s: expected a picture, got a file that cannot be decoded; this and any other "
                "like it are left out",
                path,
            )
        return image
