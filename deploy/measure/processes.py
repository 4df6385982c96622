"""Broker and recorder as processes on loopback, and what they need of the machine."""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from deploy.loopback import HOST, listens

_CONFIG: Final = Path(__file__).parents[1] / "mosquitto" / "mosquitto.conf"
_LIMITS: Final = (
    *("message_size_limit", "max_packet_size", "autosave_interval", "max_queued_messages"),
    *("max_queued_bytes", "max_inflight_messages", "memory_limit", "max_qos", "max_connections"),
)
_SAMPLE_SECONDS: Final = 0.5
_START_SECONDS: Final = 30
_END_SECONDS: Final = 60


class ProcessError(Exception):
    """Why a program does not run, in one sentence."""


@dataclass(frozen=True)
class Usage:
    """What a process needed: a share of one core, and at most so much memory (10^6 bytes)."""

    cpu_share: float
    memory_mb: float


class Program:
    """A running process of which somebody notes processor time and memory."""

    def __init__(self, command: list[str], log: Path) -> None:
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
        self._seen: list[tuple[float, float, float]] = []
        """Moment, processor seconds, memory in 10^6 bytes."""
        self._ending = threading.Event()
        self._watcher = threading.Thread(target=self._watch)
        self._watcher.start()

    def await_log(self, words: str) -> None:
        """Returns once its log has some words.

        Raises:
            ProcessError: when it ends before, or they do not come.
        """
        until = time.monotonic() + _START_SECONDS
        while words not in self._log.read_text(errors="replace"):
            self._check(until, f"{words!r} in its log")

    def await_port(self, port: int) -> None:
        """Returns once it listens.

        Raises:
            ProcessError: as above.
        """
        until = time.monotonic() + _START_SECONDS
        while not listens(port):
            self._check(until, f"it to listen on port {port}")

    def usage(self, began: float, seconds: float) -> Usage:
        """What it needed from a moment of `time.monotonic` on."""
        seen = [one for one in self._seen if began <= one[0] <= began + seconds]
        if len(seen) < 2:
            raise ProcessError(
                f"expected at least 2 samples in {seconds:.1f} s, got {len(seen)}: measure longer"
            )
        (first, cpu_before, _), (last, cpu_after, _) = seen[0], seen[-1]
        return Usage((cpu_after - cpu_before) / (last - first), max(one[2] for one in seen))

    def kill(self) -> None:
        """Ends it at once, as a crash would."""
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """Asks it to end, and waits."""
        self._process.terminate()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._ending.set()
        self._watcher.join()

    def _check(self, until: float, expected: str) -> None:
        name = Path(self._process.args[0]).name  # type: ignore[arg-type, index]
        if self._process.poll() is not None:
            raise ProcessError(
                f"{name}: expected {expected}, but it ended with exit code "
                f"{self._process.returncode}; {self._log} says why"
            )
        if time.monotonic() > until:
            raise ProcessError(f"{name}: expected {expected} within {_START_SECONDS} s")
        time.sleep(0.02)

    def _watch(self) -> None:
        try:
            process = psutil.Process(self._process.pid)
            while not self._ending.wait(_SAMPLE_SECONDS):
                with process.oneshot():
                    cpu, memory = process.cpu_times(), process.memory_info().rss
                self._seen.append((time.monotonic(), cpu.user + cpu.system, memory / 1e6))
        except psutil.Error:
            return  # it has ended


@contextmanager
def running_mosquitto(folder: Path, port: int) -> Iterator[Program]:
    """Debian's Mosquitto with the limits of production, but a plain listener on loopback.

    Raises:
        ProcessError: when it does not start.
    """
    limits = [line for line in _CONFIG.read_text().splitlines() if line.split(" ")[0] in _LIMITS]
    config = folder / "mosquitto.conf"
    config.write_text(
        # Started as root, it would become a user that cannot write to the folder.
        "\n".join(
            [
                "user root",
                f"listener {port} {HOST}",
                "allow_anonymous true",
                "persistence true",
                f"persistence_location {folder}/",
                "log_dest none",
                *dict.fromkeys(limits),
                "",
            ]
        )
    )
    with running_broker(config, folder / "mosquitto.log", port) as broker:
        yield broker


@contextmanager
def running_broker(config: Path, log: Path, port: int) -> Iterator[Program]:
    """Debian's Mosquitto with any configuration; `port` is one of those that it has.

    Raises:
        ProcessError: when it does not start.
    """
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        raise ProcessError("expected Debian's mosquitto, got none: apt-get install mosquitto")
    broker = Program([program, "-c", str(config)], log)
    try:
        broker.await_port(port)
        yield broker
    finally:
        broker.end()


@contextmanager
def running_recorder(
    folder: Path, port: int, store: str, *, name: str = "recorder", share: str | None = None
) -> Iterator[Program]:
    """``python -m dashboard record`` at work.

    Args:
        name: its client id.
        share: the group with which it shares the windows.

    Raises:
        ProcessError: when it does not start.
    """
    command = [sys.executable, "-m", "dashboard", "record", "--broker", f"mqtt://{HOST}:{port}"]
    command += ["--store", store, "--client-id", name]
    if share is not None:
        command += ["--share", share]
    log = folder / f"{name}.log"
    log.unlink(missing_ok=True)
    recorder = Program(command, log)
    try:
        recorder.await_log("Recording from")
        yield recorder
    finally:
        recorder.end()
