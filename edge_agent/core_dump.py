"""Keeps what a process sees out of core dumps."""

import contextlib
import ctypes
import resource
from typing import Final

_PR_SET_DUMPABLE: Final = 4


def forbid_core_dumps() -> None:
    """From now on a crash leaves no copy of this process's memory, and no debugger may read it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The limit alone does not stop a kernel that pipes dumps into a program.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
