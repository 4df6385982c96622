"""Measures networks side by side: what they cost on this board, and how often they are right."""

import os
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from tqdm import tqdm

from converter.accuracy import predictor
from converter.board import board
from converter.candidates import DETECTOR_SIDE, Candidate
from converter.judgements import Judgement
from converter.operators import Operators, operators
from converter.results import Results, Row
from converter.workers import LITERT, TFLITE_RUNTIME, BenchmarkError, Worker, cold_start
from edge_agent.tflite_model import quiet_standard_error
from training.fer2013 import FaceSet
from training.statistics import wilson_interval

SEED: Final = 0
_WARM_UP: Final = 3
_BOOTSTRAPS: Final = 400
_BUSY: Final = 0.3
"""Processes a core that wait or run beside the benchmark, from which on its times mean little."""


@dataclass(frozen=True)
class Plan:
    """How to measure.

    Attributes:
        threads: numbers of threads to measure at.
        rounds: in each of which every network has its turn, in another order.
        block_ms: milliseconds that a turn lasts, roughly.
        cold_starts: processes started for each network.
        other_python: a Python that has tflite-runtime, to measure it, too.
        patience_s: seconds to wait at most until the machine has come to rest.
    """

    threads: tuple[int, ...] = (1, 2, 4)
    rounds: int = 30
    block_ms: float = 20.0
    cold_starts: int = 3
    other_python: Path | None = None
    patience_s: float = 0.0


@dataclass
class _Turn:
    """A network on a runtime with a number of threads, and what its turns took."""

    candidate: Candidate
    worker: Worker
    threads: int
    key: str
    batch: int = 1
    number: int = 1
    whole: list[float] = field(default_factory=list)
    inside: list[float] = field(default_factory=list)
    medians: list[float] = field(default_factory=list)

    @property
    def what(self) -> str:
        return f"{self.candidate.file} on {self.worker.runtime}, threads: {self.threads}"

    def order(self) -> dict[str, Any]:
        return _order(self.candidate, self.threads) | {"key": self.key}

    def take(self, number: int) -> list[float]:
        """Microseconds a face of so many repetitions."""
        answer = self.worker.ask(self.what, do="time", key=self.key, number=number)
        scale = 1e-3 / self.batch
        self.inside += [scale * value for value in answer["inside_ns"]]
        return [scale * value for value in answer["whole_ns"]]


def benchmark(chosen: Sequence[Candidate], plan: Plan, faces: FaceSet | None = None) -> Results:
    """Measures the candidates; the first is the reference of the ratios.

    Args:
        chosen: what to measure.
        plan: how.
        faces: PublicTest, for the accuracy of those that `verify` did not judge; None to leave that
            out.

    Raises:
        BenchmarkError, ModelError: for what cannot be run.
    """
    _rest(plan.patience_s)
    facts = board()
    busy = _is_busy()
    if busy:
        tqdm.write(
            f"this machine is busy (load {facts['load']}): times will be long and uncertain; the "
            "results say so"
        )
    with ExitStack() as stack:
        workers = [stack.enter_context(Worker(LITERT))]
        pythons: dict[str, tuple[Path | None, str]] = {workers[0].runtime: (None, LITERT)}
        if plan.other_python is not None:
            workers.append(stack.enter_context(Worker(TFLITE_RUNTIME, plan.other_python)))
            pythons[workers[1].runtime] = (plan.other_python, TFLITE_RUNTIME)
        turns = _prepare(chosen, workers, plan)
        _race(turns, plan)
    facts |= {
        "runtime": ", ".join(worker.runtime for worker in workers),
        "reference": f"{turns[0].candidate.network} {turns[0].candidate.precision}, "
        f"threads: {turns[0].threads}",
        "rounds": str(plan.rounds),
        "busy": "yes: the times mean little" if busy else "no",
        "seed": str(SEED),
        "load at the end": board()["load"],
    }
    costs = _costs(turns, plan, pythons)
    insides = {
        str(candidate.file): _operators(candidate)
        for candidate in tqdm(chosen, desc="operators", unit="network")
    }
    judged = _judge(chosen, faces)
    reference = turns[0].medians
    rows = []
    for turn in turns:
        name = turn.candidate.file
        low, high = _interval(turn.medians)
        ratios = [mine / first for mine, first in zip(turn.medians, reference, strict=True)]
        # Known of the first runtime only; another may compute otherwise.
        is_first = turn.worker is workers[0]
        told = insides[str(name)] if is_first else None
        cost = costs[turn.key]
        right = judged.get(turn.candidate.sha256) if is_first else None
        rows.append(
            Row(
                network=turn.candidate.network,
                precision=turn.candidate.precision,
                batch=turn.batch,
                runtime="opencv" if turn.candidate.kind == "yunet" else turn.worker.runtime,
                threads=turn.threads,
                kind="emotion" if turn.candidate.kind in ("emotion", "fer") else "detector",
                median_us=float(np.median(turn.whole)),
                low_us=low,
                high_us=high,
                p95_us=float(np.percentile(turn.whole, 95)),
                p99_us=float(np.percentile(turn.whole, 99)),
                inside_us=float(np.median(turn.inside)),
                ratio=statistics.median(ratios),
                ratio_low=_interval(ratios)[0],
                ratio_high=_interval(ratios)[1],
                cold_ms=cost["ms"],
                peak_mb=cost["peak_mb"],
                added_mb=cost["added_mb"],
                size_kb=name.stat().st_size / 1000,
                parameters=turn.candidate.parameters,
                multiply_adds=turn.candidate.multiply_adds,
                operators=len(told.all) if told else None,
                outside=len(told.outside) if told else None,
                outside_names=" ".join(sorted(set(told.outside))) if told else "",
                accuracy=right.accuracy if right else None,
                accuracy_low=right.low if right else None,
                accuracy_high=right.high if right else None,
                pictures=right.pictures if right else 0,
                sha256=turn.candidate.sha256,
            )
        )
    return Results(facts, tuple(rows))


def _order(candidate: Candidate, threads: int) -> dict[str, Any]:
    kind = candidate.kind if candidate.kind in ("fer", "yunet") else "tflite"
    return {
        "key": "only",
        "kind": kind,
        "file": str(candidate.file.absolute()),
        "threads": threads,
        "side": DETECTOR_SIDE,
    }


def _is_busy() -> bool:
    return os.getloadavg()[0] > _BUSY * (os.cpu_count() or 1)


def _rest(patience_s: float) -> None:
    """Waits while the machine is busy: what converted and verified just now fades from its load."""
    end = time.monotonic() + patience_s
    if not _is_busy() or patience_s <= 0:
        return
    with tqdm(total=round(patience_s), desc="waiting for the machine to rest", unit="s") as bar:
        while _is_busy() and (left := end - time.monotonic()) > 0:
            bar.set_postfix_str(f"load {os.getloadavg()[0]:.2f}")
            bar.update(round(patience_s - left) - bar.n)
            time.sleep(min(2.0, left))


def _prepare(chosen: Sequence[Candidate], workers: Sequence[Worker], plan: Plan) -> list[_Turn]:
    turns = [
        _Turn(candidate, worker, threads, key=f"{worker.runtime} {index} {threads}")
        for threads in plan.threads
        for worker in workers
        for index, candidate in enumerate(chosen)
        if candidate.kind != "yunet" or worker is workers[0]
    ]
    ready = []
    for turn in tqdm(turns, desc="warming up", unit="network"):
        try:
            answer = turn.worker.ask(turn.what, do="load", **turn.order())
        except BenchmarkError as error:
            if turn.worker is workers[0]:
                raise
            # An old runtime does not know every operator of today.
            tqdm.write(f"left out: {error}")
            continue
        turn.batch = answer["batch"]
        usual = statistics.median(turn.take(_WARM_UP)) * turn.batch
        turn.number = max(3, round(1000 * plan.block_ms / usual))
        turn.inside.clear()
        ready.append(turn)
    return ready


def _race(turns: list[_Turn], plan: Plan) -> None:
    """Every round in another order, so that heat, drift and neighbours hit all alike."""
    random = np.random.default_rng(SEED)
    with tqdm(total=plan.rounds * len(turns), desc="measuring", unit="turn") as progress:
        for _ in range(plan.rounds):
            for index in random.permutation(len(turns)):
                turn = turns[index]
                times = turn.take(turn.number)
                turn.whole += times
                turn.medians.append(statistics.median(times))
                progress.update()


def _costs(
    turns: list[_Turn], plan: Plan, pythons: dict[str, tuple[Path | None, str]]
) -> dict[str, dict[str, float]]:
    """Cold starts, also in turn; by key of the turn."""
    seen: dict[str, list[dict[str, float]]] = {}
    with tqdm(total=plan.cold_starts * len(turns), desc="cold starts", unit="start") as progress:
        for _ in range(plan.cold_starts):
            for turn in turns:
                python, module = pythons[turn.worker.runtime]
                order = _order(turn.candidate, turn.threads)
                cost = cold_start(turn.what, order, python or sys.executable, module)
                seen.setdefault(turn.key, []).append(cost)
                progress.update()
    return {
        key: {name: statistics.median(cost[name] for cost in costs) for name in costs[0]}
        for key, costs in seen.items()
    }


def _operators(candidate: Candidate) -> Operators | None:
    if candidate.kind == "yunet":
        return None
    with quiet_standard_error():
        return operators(candidate.file)


def _judge(chosen: Sequence[Candidate], faces: FaceSet | None) -> dict[str, Judgement]:
    """By the file's SHA-256: what `verify` found, else what is found here."""
    judged = {one.sha256: one.judgement for one in chosen if one.judgement is not None}
    if faces is None:
        return judged
    classifiers = [one for one in chosen if one.kind in ("emotion", "fer")]
    others = [one for one in classifiers if one.sha256 not in judged]
    for candidate in tqdm(others, desc="accuracy", unit="network"):
        answers = predictor(candidate)(faces.faces_gray).argmax(axis=1)
        hits, total = int((answers == faces.labels).sum()), len(faces.labels)
        low, high = wilson_interval(hits, total)
        judged[candidate.sha256] = Judgement(
            sha256=candidate.sha256, accuracy=hits / total, low=low, high=high, pictures=total
        )
    return judged


def _interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of a median, by drawing the rounds anew."""
    random = np.random.default_rng(SEED)
    drawn = random.choice(np.asarray(values), (_BOOTSTRAPS, len(values)))
    low, high = np.percentile(np.median(drawn, axis=1), [2.5, 97.5])
    return float(low), float(high)
