"""Trains an emotion classifier by a recipe; a killed run goes on where it stopped."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np

from edge_agent.emotions import EMOTIONS
from training import fer2013
from training.augmentation import FaceAugmentation
from training.averaging import SaveAveraged
from training.models import EMOTION_MODELS
from training.recipe import EmotionRecipe, RecipeError
from training.schedule import optimizer
from training.start import start_from

_STATISTICS_FACES: Final = 6400


def train(
    recipe: EmotionRecipe,
    *,
    data: Path,
    out: Path,
    start: Path | None = None,
    limit: int | None = None,
) -> Path:
    """Trains and writes ``network.keras`` (moving-average weights) and ``log.csv``.

    Args:
        recipe: what to do.
        data: FER-2013, as `fer2013.load` takes it.
        out: folder of the run; run again with the same folder to go on after a kill.
        start: a trained network of the same family and options to begin with.
        limit: use only so many pictures, to try a recipe out.

    Returns:
        The path of the trained network.

    Raises:
        RecipeError: for a family that does not exist or options that it does not take.
        DatasetError: for data that cannot be read.
    """
    if recipe.family not in EMOTION_MODELS:
        raise RecipeError(
            f"family: expected one of {', '.join(EMOTION_MODELS)}, got {recipe.family!r}"
        )
    keras.utils.set_random_seed(recipe.seed)
    keras.config.set_dtype_policy(recipe.precision)
    training = fer2013.load(data, "training")
    public = fer2013.load(data, "public_test")
    if limit:
        keep = np.random.default_rng(recipe.seed).permutation(len(training.labels))[:limit]
        training = fer2013.FaceSet(training.faces_gray[keep], training.labels[keep], ())
        public = fer2013.FaceSet(public.faces_gray[:limit], public.labels[:limit], ())

    try:
        network = EMOTION_MODELS[recipe.family](**recipe.options)
        augmentation = FaceAugmentation(seed=recipe.seed, **recipe.augmentation)
    except TypeError as error:
        raise RecipeError(f"options or augmentation: {error}") from error
    if start is not None:
        start_from(network, start)
    pixels = keras.Input((48, 48, 1), dtype="uint8")
    model = keras.Model(pixels, network(augmentation(pixels)))
    steps = -(-len(training.labels) // recipe.batch_size)
    model.compile(
        optimizer=optimizer(
            learning_rate=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            steps=steps * recipe.epochs,
            warmup_steps=int(steps * recipe.warmup_epochs),
            ema_momentum=recipe.ema_momentum,
        ),
        loss=keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=recipe.label_smoothing
        ),
        metrics=["accuracy"],
        # oneDNN's bfloat16 convolutions beat XLA's on a CPU.
        jit_compile=False if keras.backend.backend() == "tensorflow" else "auto",
    )
    out.mkdir(parents=True, exist_ok=True)
    faces = training.faces_gray[..., None]
    sample = np.random.default_rng(recipe.seed).permutation(len(faces))[:_STATISTICS_FACES]

    def batches() -> Iterator[Any]:
        for start in range(0, len(sample), recipe.batch_size):
            batch = faces[sample[start : start + recipe.batch_size]]
            yield augmentation(batch, training=True)

    def measure() -> dict[str, float]:
        logits = network.predict(public.faces_gray[..., None], batch_size=256, verbose=0)
        return {"public_test_accuracy": float((logits.argmax(1) == public.labels).mean())}

    model.fit(
        faces,
        _one_hot(training.labels),
        batch_size=recipe.batch_size,
        epochs=recipe.epochs,
        callbacks=[
            keras.callbacks.BackupAndRestore(out / "backup"),
            keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
            SaveAveraged(network, out / "network.keras", batches=batches, measure=measure),
            keras.callbacks.CSVLogger(out / "log.csv", append=True),
        ],
    )
    return out / "network.keras"


def _one_hot(labels: np.ndarray) -> np.ndarray:
    return np.eye(len(EMOTIONS), dtype=np.float32)[labels]
