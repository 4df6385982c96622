"""Start, memory and import, of programs as people start them."""

import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from edge_agent.config import Detector
from tests.support import PATIENCE_SECONDS, REPOSITORY

_IMPORTS: Final = 5


@dataclass(frozen=True)
class Started:
    """A program that counts a video at its own pace.

    Attributes:
        first_count_seconds: from its start to the first count.
        peak_mb: the most resident memory by then and some seconds later, in 10^6 bytes.
    """

    first_count_seconds: float
    peak_mb: float


def start(*arguments: str | Path) -> Started:
    """Runs ``python …`` until some seconds after its first line with the word ``counts``."""
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        first = next(time.monotonic() for line in process.stdout if "counts" in line)
        next(line for line in process.stdout if "counts" in line)
        peak = _peak_mb(process.pid)
    finally:
        process.kill()
        process.wait(PATIENCE_SECONDS)
    return Started(first - began, peak)


def start_agent(video: Path, detector: Detector) -> Started:
    """The agent on a video, with these settings of its detector."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(yaml.safe_dump({"detector": detector.model_dump(mode="json")}))
        return start(*("-m", "edge_agent", "run", "--print", "--source", video, "--config", config))


def import_seconds(module: str) -> float:
    """How long Python takes to import a module, the median of some processes."""
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    return statistics.median(
        float(subprocess.check_output([sys.executable, "-c", code], cwd=REPOSITORY))
        for _ in range(_IMPORTS)
    )


def _peak_mb(pid: int) -> float:
    # Not getrusage, which also counts the parent until exec.
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise OSError(f"expected VmHWM of process {pid}, got none")
