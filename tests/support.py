"""What tests of several rooms share: patience, ports, and real programs of Debian."""

import contextlib
import os
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[1]
PATIENCE_SECONDS = 60
"""How long a test awaits what must happen; nothing is expected to take so long."""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses at the moment.

    Not one that the kernel gives to connections: a server that is started again would now and
    then find its port taken by one of those.
    """
    while True:
        port = random.randrange(15_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def await_true(condition: Callable[[], object], *, patience: float = PATIENCE_SECONDS) -> None:
    """Returns once a condition holds; fails after so many seconds."""
    until = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < until, f"still not so after {patience} s"
        time.sleep(0.02)


def await_port(port: int, process: subprocess.Popen[Any]) -> None:
    """Returns once a process listens on a port of 127.0.0.1."""

    def listens() -> bool:
        assert process.poll() is None, f"ended with {process.returncode} before it listened"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    await_true(listens)


def debian_program(name: str, *, package: str = "mosquitto") -> str:
    """Where a program of Debian's is; skips, or fails in CI, where it is missing."""
    program = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is not None:
        return program
    reason = f"Debian's {name} is not installed: apt-get install {package}"
    if os.environ.get("REQUIRE_DEBIAN_PACKAGES") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def running_mosquitto(
    folder: Path, port: int, options: str = "allow_anonymous true"
) -> Iterator[None]:
    """Debian's Mosquitto on a loopback port, keeping its sessions in a folder."""
    program = debian_program("mosquitto")
    folder.mkdir(exist_ok=True)
    config = folder / "mosquitto.conf"
    config.write_text(
        # Started as root, it would become a user that cannot read the folder.
        f"user root\nlistener {port} 127.0.0.1\n{options}\npersistence true\n"
        f"persistence_location {folder}/\nlog_dest none\n"
    )
    process = subprocess.Popen([program, "-c", str(config)])
    try:
        await_port(port, process)
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def shared_data(name: str) -> Path:
    """A file of the data for trials, which is no part of the project; skips where it is absent."""
    folder = Path(os.environ.get("CLASSROOM_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (folder / name).exists():
        pytest.skip(f"{name} is not in {folder}; set CLASSROOM_DATA to the folder that holds it")
    return folder / name


@contextmanager
def running_demo(folder: Path, *arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`python -m deploy demo` on free ports: the page's address and the process.

    Args:
        folder: for its store and its terminal, ``demo.log``.
    """
    page_port = free_port()
    log = folder / "demo.log"
    with log.open("w") as terminal:
        demo = subprocess.Popen(
            [
                *(sys.executable, "-m", "deploy", "demo"),
                *("--mqtt-port", str(free_port()), "--page-port", str(page_port)),
                *("--store", f"sqlite:///{folder}/counts.db", *arguments),
            ],
            cwd=REPOSITORY,
            stdout=terminal,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        await_true(lambda: "The page is on" in log.read_text() or demo.poll() is not None)
        assert demo.poll() is None, log.read_text()
        yield f"http://127.0.0.1:{page_port}", demo
    finally:
        demo.terminate()
        demo.wait(PATIENCE_SECONDS)
