"""One run in its folder: it trains, measures, keeps, and goes on where it was ended."""

import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np

from training.backup import Backup
from training.classifier import ClassifierTrainer, StatisticsTrainer, compiled
from training.device_data import Batches, DeviceFaces
from training.devices import device, most_steps_a_call, share_batches
from training.fer2013 import FaceSet
from training.log import EpochLog, tensorboard
from training.moving_average import SaveAveraged, measure_statistics
from training.randomness import EpochRandomness
from training.recipe import EmotionRecipe, Recipe, RecipeError
from training.run_file import Run, read_run
from training.schedule import optimizer
from training.torch_kernels import use_torch_kernels

STATISTICS_STEPS: Final = 60
"""Batches that measure batch normalisation's statistics anew."""


def prepare(recipe: EmotionRecipe) -> None:
    """Sets seed, precision and devices; to be called before any network is built."""
    use_torch_kernels()
    keras.utils.set_random_seed(recipe.seed)
    keras.config.set_dtype_policy(recipe.precision)
    share_batches(recipe.batch_size)


def begin(
    name: str, recipe: Recipe, out: Path, *, pictures: int, teachers: Iterable[Path] = ()
) -> Run:
    """The run of a folder: a new one, or the one that was ended there.

    Raises:
        RecipeError: when the folder holds the run of another recipe, seed or data.
    """
    kind, number = device()
    new = Run(
        name=name,
        recipe=recipe.model_dump(mode="json"),
        pictures=pictures,
        teachers=tuple(
            path.stem if path.suffix == ".tflite" else path.parent.name for path in teachers
        ),
        backend=f"{keras.backend.backend()}, keras {keras.__version__}",
        device=kind,
        devices=number,
    )
    before = read_run(out / "network.keras")
    if before is None:
        return new
    same = ("name", "recipe", "pictures", "teachers")
    different = [key for key in same if getattr(before, key) != getattr(new, key)]
    if different:
        raise RecipeError(
            f"{out}: expected an empty folder or an earlier part of the same run, got one of "
            f"another {' and '.join(different)}; choose another --out"
        )
    return before


def carry_out(
    run: Run,
    *,
    model: ClassifierTrainer,
    network: keras.Model,
    data: DeviceFaces,
    augmentation: Any,
    recipe: EmotionRecipe,
    public: FaceSet,
    out: Path,
) -> Path:
    """Trains, and writes ``network.keras``, ``log.csv``, ``run.json`` and TensorBoard's files.

    Args:
        run: of `begin`.
        model: from indices to the loss.
        network: the part of it that is kept.
        data: its training pictures.
        augmentation: its layer, from pictures to crops.
        recipe: what to do.
        public: PublicTest, to measure on.
        out: folder of the run.

    Returns:
        The path of the trained network.
    """
    path = out / "network.keras"
    batches = Batches(
        run.pictures, recipe.batch_size, seed=recipe.seed, most_a_call=most_steps_a_call()
    )
    model.compile(
        optimizer=optimizer(
            learning_rate=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            steps=batches.steps * recipe.epochs,
            warmup_steps=int(batches.steps * recipe.warmup_epochs),
            ema_momentum=recipe.ema_momentum,
        ),
        jit_compile=compiled(),
    )
    backup = Backup(out / "backup", every=recipe.measure_every)
    epoch = backup.restore(model)
    out.mkdir(parents=True, exist_ok=True)
    log = EpochLog(out / "log.csv", ("loss", "accuracy", "public_test_accuracy", "seconds"))
    log.begin(epoch)

    indices = keras.Input((), dtype="int32")
    statistics = StatisticsTrainer(indices, network(augmentation(data(indices)[0])))
    single = Batches(run.pictures, recipe.batch_size, seed=recipe.seed)

    def some_steps() -> int:
        steps = min(STATISTICS_STEPS, batches.steps)
        statistics.fit(
            single.from_epoch(0),
            steps_per_epoch=steps,
            shuffle=False,
            verbose=0,
            callbacks=[EpochRandomness(recipe.seed)],
        )
        return steps

    def measure() -> dict[str, float]:
        number = len(public.labels)
        # All devices share each batch, the last one too.
        devices = device()[1]
        padding = -number % devices
        faces = np.pad(public.faces_gray[..., None], ((0, padding), (0, 0), (0, 0), (0, 0)))
        logits = network.predict(faces, batch_size=128 * devices, verbose=0)[:number]
        return {"public_test_accuracy": float((logits.argmax(1) == public.labels).mean())}

    model.fit(
        batches.from_epoch(epoch),
        steps_per_epoch=batches.calls,
        initial_epoch=epoch,
        epochs=recipe.epochs,
        shuffle=False,
        verbose=1 if sys.stdout.isatty() else 2,
        callbacks=[
            EpochRandomness(recipe.seed),
            backup,
            keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
            SaveAveraged(
                network,
                path,
                refresh=lambda: measure_statistics(network, some_steps),
                measure=measure,
                every=recipe.measure_every,
                last=recipe.epochs,
            ),
            KeepRun(run, out, every=recipe.measure_every),
            log,
            *tensorboard(out / "tensorboard"),
        ],
    )
    backup.remove()
    return path


class KeepRun(keras.callbacks.Callback):
    """Writes ``run.json`` whenever there is a backup, and once more at the end."""

    def __init__(self, run: Run, out: Path, *, every: int = 1) -> None:
        super().__init__()
        self._run, self._out, self._every = run, out, every

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self._write(self._run)
        self._began = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        seconds = self._run.seconds + time.monotonic() - self._began
        if logs is not None:
            logs["seconds"] = seconds
        done = epoch + 1
        if done % self._every == 0 or done == self._run.recipe["epochs"]:
            changes = {"seconds": round(seconds, 1), "epochs": done}
            self._write(self._run.model_copy(update=changes))

    def _write(self, run: Run) -> None:
        partial = self._out / "run.partial"
        partial.write_text(run.model_dump_json(indent=2) + "\n")
        partial.replace(self._out / "run.json")


def chosen_faces(faces: FaceSet, targets: np.ndarray, limit: int | None, seed: int) -> Any:
    """Some of the faces with their targets, to try a recipe out; all of them without a limit."""
    if not limit:
        return faces, targets
    keep = np.random.default_rng(seed).permutation(len(targets))[:limit]
    return faces.chosen(keep), targets[keep]
