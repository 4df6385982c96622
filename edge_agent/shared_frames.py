"""Memory for frames that two processes share: it has no name, so that a crash leaves nothing."""

import mmap
import os
from typing import Final

import numpy as np

SLOTS: Final = 2
"""One that is read, and one that is written meanwhile."""


def new_shared_memory() -> int:
    """The descriptor of an empty piece of memory; it is gone with its last process."""
    return os.memfd_create("frames")


def map_frames(descriptor: int, size_hw: tuple[int, int], *, write: bool) -> np.ndarray:
    """The frames in the memory, as (SLOTS, H, W, 3) uint8.

    Args:
        descriptor: from `new_shared_memory`, perhaps in another process.
        size_hw: height and width of a frame.
        write: for the process that fills them, which must be the first; the other only reads.
    """
    shape = (SLOTS, *size_hw, 3)
    length = SLOTS * size_hw[0] * size_hw[1] * 3
    if write:
        os.ftruncate(descriptor, length)
    access = mmap.ACCESS_WRITE if write else mmap.ACCESS_READ
    memory = mmap.mmap(descriptor, length, access=access)
    return np.frombuffer(memory, np.uint8).reshape(shape)
