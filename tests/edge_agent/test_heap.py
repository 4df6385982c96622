"""Threads share one heap, so that each does not keep room of its own."""

import platform
import subprocess
import sys

import pytest

_PROGRAM = """
import ctypes, os, sys, threading
from edge_agent.heap import use_one_heap
if sys.argv[1] == "one":
    use_one_heap()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
together = threading.Barrier(4)
def allocate():
    together.wait()
    assert libc.malloc(1000)
    together.wait()
threads = [threading.Thread(target=allocate) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
libc.fdopen.restype = ctypes.c_void_p
stream = ctypes.c_void_p(libc.fdopen(os.dup(1), b"w"))
libc.malloc_info(0, stream)
libc.fclose(stream)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc, which keeps heaps")
@pytest.mark.parametrize("heaps", ["one", "many"])
def test_threads_share_one_heap_once_asked_to(heaps: str) -> None:
    told = subprocess.check_output([sys.executable, "-c", _PROGRAM, heaps], text=True)
    assert (told.count("<heap nr=") == 1) == (heaps == "one")
