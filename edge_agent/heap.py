"""How much memory the C library keeps for itself."""

import contextlib
import ctypes
from typing import Final

_M_ARENA_MAX: Final = -8


def use_one_heap() -> None:
    """Has all threads that begin from now on share one heap; nothing without glibc.

    By itself glibc gives each thread a heap of its own, and each keeps the room of the frames that
    it once held: with two threads that come and go with the camera, several frames' worth. Few
    threads allocate here, so they do not wait for one another.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
