"""The processes in which networks are timed."""

import json
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Final

_WORKER: Final = Path(__file__).with_name("bench_worker.py")
LITERT: Final = "ai_edge_litert"
TFLITE_RUNTIME: Final = "tflite_runtime"


class BenchmarkError(ValueError):
    """Something that cannot be measured."""


class Worker:
    """A process that holds networks; see `bench_worker` for what it understands.

    Args:
        module: the runtime's, ``ai_edge_litert`` or ``tflite_runtime``.
        python: the interpreter that has it.

    Raises:
        BenchmarkError: when it does not start.
    """

    def __init__(self, module: str = LITERT, python: Path | str = sys.executable) -> None:
        try:
            self._process = subprocess.Popen(
                [str(python), str(_WORKER), module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        except OSError as error:
            raise BenchmarkError(
                f"{python}: expected a Python interpreter, got: {error.strerror}"
            ) from error
        self.runtime = str(self._answer(f"{python} with {module}")["runtime"])

    def __enter__(self) -> "Worker":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def ask(self, what: str, **order: Any) -> dict[str, Any]:
        """Sends an order and returns the answer.

        Raises:
            BenchmarkError: when it cannot be done, or the process has died of it.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        except OSError as error:
            raise BenchmarkError(f"{what}: expected an answer, got: {error}") from error
        return self._answer(what)

    def _answer(self, what: str) -> dict[str, Any]:
        assert self._process.stdout is not None and self._process.stderr is not None
        line = self._process.stdout.readline()
        if not line:
            told = self._process.stderr.read().strip().splitlines()
            reason = told[-1] if told else f"exit status {self._process.wait()}"
            raise BenchmarkError(f"{what}: expected a process that measures, got: {reason}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise BenchmarkError(f"{what}: expected a network to run, got: {answer['error']}")
        return answer


def cold_start(what: str, order: dict[str, Any], python: Path | str, module: str) -> dict[str, Any]:
    """Starts a process, loads a network in it and runs it once.

    Returns:
        ``ms``: from starting the process to the first answer of the network; ``peak_mb``: the
        most memory of the process; ``added_mb``: of which the network brought (10^6 bytes).
    """
    start = time.perf_counter()
    with Worker(module, python) as worker:
        worker.ask(what, do="load", **order)
        taken = time.perf_counter() - start
        memory = worker.ask(what, do="memory")
    return {
        "ms": 1000 * taken,
        "peak_mb": memory["peak_kb"] * 1.024e-3,
        "added_mb": (memory["peak_kb"] - memory["before_kb"]) * 1.024e-3,
    }
