"""Trains recipes and all that they need first, several at a time, within a budget of minutes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tqdm import tqdm

from training import recipe as recipes
from training.recipe import EmotionRecipe, Recipe, RecipeError
from training.run_file import Run, read_run

_PATIENCE_SECONDS: Final = 1.0
_SOURCES: Final = {
    "ferplus": "FER+'s votes",
    "unlabelled": "WIDER FACE, for faces without a label",
    "teacher": "YuNet's ONNX file",
    "demographics": "who is seen in WIDER FACE's pictures",
}
"""Options that name what some recipes learn from, beside their data."""


@dataclass(frozen=True)
class Job:
    """One training, or one mean of weights, in a folder beside those that it needs.

    Attributes:
        name: of the recipe, or its path.
        recipe: its content, with the seed and the epochs that were asked for.
        folder: of the run.
    """

    name: str
    recipe: Recipe
    folder: Path

    @property
    def teachers(self) -> tuple[str, ...]:
        """Recipes whose networks teach this one."""
        found = self.recipe.distillation if isinstance(self.recipe, EmotionRecipe) else None
        return found.teachers if found else ()

    @property
    def parts(self) -> tuple[str, ...]:
        """Recipes whose networks this is the mean of."""
        return self.recipe.average_of

    @property
    def start(self) -> tuple[str, ...]:
        """The recipe whose network this one goes on from, if there is one."""
        return (self.recipe.starts_from,) if self.recipe.starts_from else ()

    @property
    def needs(self) -> tuple[str, ...]:
        """Recipes whose networks have to be there first."""
        return (*self.teachers, *self.parts, *self.start)

    def folder_of(self, name: str) -> Path:
        """The folder of a run that it needs."""
        return _folder(name, self.folder.parent)

    @property
    def sources(self) -> tuple[str, ...]:
        """Options that name what it learns from, beside ``--data``."""
        if self.parts:
            return ()
        if not isinstance(self.recipe, EmotionRecipe):
            needed = {
                "teacher": self.recipe.teacher_weight > 0,
                "demographics": bool(self.recipe.overlooked_groups),
            }
            return tuple(option for option, is_needed in needed.items() if is_needed)
        distillation = self.recipe.distillation
        unlabelled = distillation is not None and distillation.unlabelled_pixels is not None
        wanted = {"ferplus": self.recipe.ferplus_weight > 0, "unlabelled": unlabelled}
        return tuple(option for option, needed in wanted.items() if needed)

    def command(self, data: Path, sources: dict[str, Path], given: Sequence[str]) -> list[str]:
        """What makes it.

        Args:
            data: FER-2013, or WIDER FACE for a detector.
            sources: option → file; what this recipe does not learn from is left out.
            given: further options of a training.
        """
        words = [sys.executable, "-m", "training"]
        if self.parts:
            words += ["average", self.name, "--networks", *self._networks(self.parts)]
        else:
            words += ["distill" if self.teachers else "train", self.name, *given]
            words += ["--seed", str(self.recipe.seed), "--epochs", str(self.recipe.epochs)]
        words += ["--data", str(data), "--out", str(self.folder)]
        for option in self.sources:
            words += [f"--{option}", str(sources[option])]
        if self.teachers:
            words += ["--teachers", *self._networks(self.teachers)]
        if self.start:
            words += ["--start", *self._networks(self.start)]
        return words

    def is_finished(self) -> bool:
        """Whether its network is there, and no older than those that it is the mean of.

        Raises:
            RecipeError: when the folder holds what no run wrote.
        """
        if not self.parts:
            run = self._run()
            # After a quick trial in the same folder the network is there, and not what is wanted.
            return run is not None and run.is_finished and run.epochs == self.recipe.epochs
        network = self.folder / "network.keras"
        parts = [path for path in map(Path, self._networks(self.parts)) if path.exists()]
        return network.exists() and all(
            part.stat().st_mtime <= network.stat().st_mtime for part in parts
        )

    def progress(self) -> str:
        """How far it is, in a few words."""
        run = self._run()
        epochs = "" if run is None else f" {run.epochs}/{run.recipe['epochs']} epochs"
        return self.folder.name + epochs

    def _run(self) -> Run | None:
        return read_run(self.folder / "network.keras")

    def _networks(self, names: Iterable[str]) -> list[str]:
        return [str(self.folder_of(name) / "network.keras") for name in names]


def jobs(
    wanted: Iterable[str],
    out: Path,
    *,
    epochs: int | None = None,
    is_finished: Callable[[Job], bool] = lambda job: False,
) -> list[Job]:
    """What has to be done, in an order in which all that a job needs comes before it.

    Args:
        wanted: names of recipes, with seeds where it is not the recipe's own:
            ``emotion_student:1,2,3``.
        out: a folder for all runs; each becomes ``<recipe>`` or, for another seed,
            ``<recipe>-<seed>``.
        epochs: in place of each recipe's own number.
        is_finished: a job for which it is true needs nothing any more.

    Raises:
        RecipeError: for a recipe or a seed that is none, or the seed of a mean.
    """
    found: dict[Path, Job] = {}
    for text in wanted:
        name, _, seeds = text.partition(":")
        for one in [f"{name}:{seed}" for seed in seeds.split(",")] if seeds else [name]:
            recipe, folder = recipes.load(one), _folder(one, out)
            recipe = recipe.model_copy(update={"epochs": epochs or recipe.epochs})
            job = Job(name, recipe, folder)
            needs = () if is_finished(job) else job.needs
            for earlier in jobs(needs, out, epochs=epochs, is_finished=is_finished):
                found.setdefault(earlier.folder, earlier)
            found.setdefault(folder, job)
    return list(found.values())


def _folder(name: str, out: Path) -> Path:
    """Where a recipe's run lies, with the seed in its name if that is not the recipe's own."""
    stem, _, seed = name.partition(":")
    if seed and recipes.load(name).seed == recipes.load(stem).seed:
        seed = ""
    return out / (Path(stem).stem + (f"-{seed}" if seed else ""))


def check(queue: Sequence[Job], sources: dict[str, Path]) -> None:
    """Looks before hours are spent whether all is there that the jobs learn from.

    Args:
        queue: of `jobs`; what is finished learns from nothing any more.
        sources: option → file, of those that were given.

    Raises:
        RecipeError: for jobs that learn from different data, and for an option that is missing.
    """
    tasks = {job.recipe.task: job.name for job in queue}
    if len(tasks) > 1:
        raise RecipeError(
            f"{' and '.join(tasks.values())}: expected recipes that learn from the same --data, "
            "got a classifier's and a detector's; train them one after the other"
        )
    for job in queue:
        for option in job.sources:
            if option not in sources and not job.is_finished():
                raise RecipeError(
                    f"{job.name}: expected --{option}, {_SOURCES[option]}, which it learns from; "
                    "got none"
                )


def carry_out(
    queue: Sequence[Job],
    data: Path,
    sources: dict[str, Path],
    given: Sequence[str],
    *,
    at_once: int,
    budget_seconds: float,
    is_left: Callable[[], bool] = lambda: False,
) -> dict[Path, str]:
    """Does what is not finished; what is cut short goes on in the next call.

    Args:
        queue: of `jobs`.
        data, sources, given: of `Job.command`.
        at_once: trainings that run beside each other and share the device.
        budget_seconds: then the rest is ended.
        is_left: asked every second; once it is true, the rest is ended.

    Returns:
        Folder of each job → ``finished``, ``ended``, ``waiting`` or ``failed``.
    """
    end = time.monotonic() + budget_seconds
    state = {job.folder: "finished" if job.is_finished() else "waiting" for job in queue}
    running: dict[Path, tuple[Job, subprocess.Popen[bytes]]] = {}
    progress = tqdm(queue, desc="training", unit="network")
    progress.update(sum(value == "finished" for value in state.values()))
    try:
        while time.monotonic() < end and not is_left():
            for job in queue:
                if state[job.folder] != "waiting" or len(running) == at_once:
                    continue
                if all(state[job.folder_of(name)] == "finished" for name in job.needs):
                    words = job.command(data, sources, given)
                    running[job.folder] = job, _start(words, job.folder, at_once)
                    state[job.folder] = "running"
            if not running:
                break
            said = ", ".join(job.progress() for job, _ in running.values())
            if said != progress.postfix:  # where a log takes it, a line only when there is news
                progress.set_postfix_str(said)
            time.sleep(_PATIENCE_SECONDS)
            for folder, (job, process) in list(running.items()):
                if process.poll() is not None:
                    del running[folder]
                    finished = process.returncode == 0 and job.is_finished()
                    state[folder] = "finished" if finished else "failed"
                    progress.update()
    finally:
        for folder, (_, process) in running.items():
            process.send_signal(signal.SIGTERM)
            process.wait()
            state[folder] = "ended"
        progress.close()
    return state


def _start(words: Sequence[str], folder: Path, at_once: int) -> "subprocess.Popen[bytes]":
    folder.mkdir(parents=True, exist_ok=True)
    environment: dict[str, Any] = {
        # JAX would take three quarters of the memory for the first of them.
        "XLA_PYTHON_CLIENT_MEM_FRACTION": f"{0.9 / at_once:.2f}",
        # Seeds of one recipe compile the same step.
        "JAX_COMPILATION_CACHE_DIR": str(folder.parent / "compiled"),
        **os.environ,
    }
    with (folder / "terminal.txt").open("ab") as terminal:
        return subprocess.Popen(words, stdout=terminal, stderr=terminal, env=environment)
