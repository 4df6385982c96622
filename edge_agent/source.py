"""What every source gives: frames, and a way to let go of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

EARLY: Final = 0.9
"""Cameras keep no exact step: what is due in some frame is done up to a tenth of its time early."""


class Frame(NamedTuple):
    """A picture and when it was taken.

    Attributes:
        seconds: on the source's clock: monotonic time, or the video's own in fast mode.
        image_bgr: (H, W, 3) uint8.
        dropped: frames passed over since the last one.
    """

    seconds: float
    image_bgr: np.ndarray
    dropped: int = 0


@dataclass
class Source:
    """An opened source; close it after use.

    Attributes:
        name: what a person would call it.
        live: whether it can be opened again after it ended or broke.
        frames: yields frames; ends with a file or when nobody wants more, raises SourceError
            when a camera is lost.
        close: releases the camera.
    """

    name: str
    live: bool
    frames: Iterator[Frame]
    close: Callable[[], None]

    def __enter__(self) -> "Source":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
