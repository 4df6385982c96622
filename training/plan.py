"""Trains many recipes on one machine, several at a time, within a budget of minutes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tqdm import tqdm

from training import recipe as recipes
from training.recipe import EmotionRecipe, RecipeError

_PATIENCE_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Job:
    """One training: a recipe with a seed.

    Attributes:
        teachers: the folders of the runs it needs first.
    """

    recipe: str
    seed: int
    folder: Path
    teachers: tuple[Path, ...] = ()

    def command(self, given: Sequence[str]) -> list[str]:
        """What trains it, with the options that all jobs share."""
        verb = "distill" if self.teachers else "train"
        words = [sys.executable, "-m", "training", verb, self.recipe, *given]
        words += ["--seed", str(self.seed), "--out", str(self.folder)]
        if self.teachers:
            words += ["--teachers", *(str(path / "network.keras") for path in self.teachers)]
        return words


def jobs(wanted: Iterable[str], out: Path) -> list[Job]:
    """The trainings in an order in which teachers come before their students.

    Args:
        wanted: names of recipes, with seeds where it is not the recipe's own:
            ``emotion_student:1,2,3``.
        out: a folder for all runs; each becomes ``<recipe>`` or, for another seed,
            ``<recipe>-<seed>``.

    Raises:
        RecipeError: for a recipe that cannot be trained like this.
    """
    found: dict[Path, Job] = {}
    for text in wanted:
        name, _, numbers = text.partition(":")
        recipe = recipes.load(name)
        if (
            not isinstance(recipe, EmotionRecipe)
            or recipe.starts_from is not None
            or recipe.average_of
        ):
            raise RecipeError(f"{name}: expected a classifier's recipe that starts from nothing")
        try:
            seeds = [int(number) for number in numbers.split(",")] if numbers else [recipe.seed]
        except ValueError as error:
            raise RecipeError(f"{text}: expected seeds as in {name}:1,2,3") from error
        teachers = recipe.distillation.teachers if recipe.distillation else ()
        for teacher in jobs(teachers, out):
            found.setdefault(teacher.folder, teacher)
        for seed in seeds:
            folder = out / (name if seed == recipe.seed else f"{name}-{seed}")
            found.setdefault(
                folder, Job(name, seed, folder, tuple(out / each for each in teachers))
            )
    return list(found.values())


def carry_out(
    queue: Sequence[Job], given: Sequence[str], *, at_once: int, budget_seconds: float
) -> dict[Path, str]:
    """Trains what is not finished; what the budget cuts short goes on in the next call.

    Args:
        queue: of `jobs`.
        given: options of every training.
        at_once: trainings that run beside each other and share the device.
        budget_seconds: then the rest is ended.

    Returns:
        Folder of each job → ``finished``, ``ended``, ``waiting`` or ``failed``.
    """
    end = time.monotonic() + budget_seconds
    state = {job.folder: "finished" if _is_finished(job.folder) else "waiting" for job in queue}
    running: dict[Path, subprocess.Popen[bytes]] = {}
    progress = tqdm(queue, desc="training", unit="network")
    progress.update(sum(value == "finished" for value in state.values()))
    try:
        while time.monotonic() < end:
            for job in queue:
                ready = all(state.get(teacher) == "finished" for teacher in job.teachers)
                if state[job.folder] == "waiting" and ready and len(running) < at_once:
                    running[job.folder] = _start(job, given, at_once)
                    state[job.folder] = "running"
            if not running:
                break
            for folder, process in list(running.items()):
                if process.poll() is not None:
                    del running[folder]
                    finished = process.returncode == 0 and _is_finished(folder)
                    state[folder] = "finished" if finished else "failed"
                    progress.update()
            time.sleep(_PATIENCE_SECONDS)
    finally:
        for folder, process in running.items():
            process.send_signal(signal.SIGTERM)
            process.wait()
            state[folder] = "ended"
        progress.close()
    return state


def _is_finished(folder: Path) -> bool:
    from training.run import read_run

    run = read_run(folder / "network.keras")
    return run is not None and run.is_finished


def _start(job: Job, given: Sequence[str], at_once: int) -> "subprocess.Popen[bytes]":
    job.folder.mkdir(parents=True, exist_ok=True)
    environment: dict[str, Any] = {
        # JAX would take three quarters of the memory for the first of them.
        "XLA_PYTHON_CLIENT_MEM_FRACTION": f"{0.9 / at_once:.2f}",
        # Seeds of one recipe compile the same step.
        "JAX_COMPILATION_CACHE_DIR": str(job.folder.parent / "compiled"),
        **os.environ,
    }
    with (job.folder / "terminal.txt").open("ab") as terminal:
        return subprocess.Popen(
            job.command(given), stdout=terminal, stderr=terminal, env=environment
        )
