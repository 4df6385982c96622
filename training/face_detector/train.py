"""Trains the face detector by a recipe; a killed run goes on where it stopped."""

from pathlib import Path
from typing import Any, Final

import keras
import numpy as np

from training import wider_face
from training.averaging import SaveAveraged
from training.face_detector.augmentation import random_crop
from training.face_detector.loss import detection_loss
from training.face_detector.network import face_detector
from training.recipe import DetectorRecipe, RecipeError
from training.schedule import optimizer
from training.start import start_from

_STATISTICS_BATCHES: Final = 50


class Crops(keras.utils.PyDataset):
    """Batches of random crops; an epoch sees each picture once."""

    def __init__(
        self, pictures: list[wider_face.LabelledPicture], recipe: DetectorRecipe, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.pictures, self.recipe = pictures, recipe
        self.begin_epoch(0)

    def __len__(self) -> int:
        return max(1, len(self.pictures) // self.recipe.batch_size)

    def begin_epoch(self, epoch: int) -> None:
        """Shuffles for an epoch, the same way also after a run was ended and goes on."""
        random = np.random.default_rng((self.recipe.seed, epoch))
        self.order = random.permutation(len(self.pictures))
        self.epoch = epoch

    def __getitem__(self, index: int) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
        random = np.random.default_rng((self.recipe.seed, self.epoch + 1, index))
        size = self.recipe.batch_size
        chosen = self.order[index * size : (index + 1) * size]
        crops = [random_crop(self.pictures[i], self.recipe.input_size, random) for i in chosen]
        images, faces, ignored = (np.stack(part) for part in zip(*crops, strict=True))
        return images, (faces, ignored)


class DetectorTrainer(keras.Model):
    """The network with its loss, which needs all nine maps at once."""

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        faces, ignored = y
        return detection_loss(y_pred, faces, ignored, x.shape[1:3])


def train(
    recipe: DetectorRecipe,
    *,
    data: Path,
    out: Path,
    start: Path | None = None,
    limit: int | None = None,
) -> Path:
    """Trains and writes ``network.keras`` (moving-average weights) and ``log.csv``.

    Args:
        recipe: what to do.
        data: WIDER FACE, as `wider_face.load` takes it.
        out: folder of the run; run again with the same folder to go on after a kill.
        start: a trained network with the same options to begin with.
        limit: use only so many pictures, to try a recipe out.

    Returns:
        The path of the trained network.

    Raises:
        RecipeError: for options that the network does not take.
        DatasetError: for data that cannot be read.
    """
    keras.utils.set_random_seed(recipe.seed)
    keras.config.set_dtype_policy(recipe.precision)
    pictures = wider_face.load(data, "training")[:limit]
    crops = Crops(pictures, recipe, workers=1, use_multiprocessing=False)
    try:
        network = face_detector(**recipe.options)
    except TypeError as error:
        raise RecipeError(f"options: {error}") from error
    if start is not None:
        start_from(network, start)
    pixels = keras.Input((recipe.input_size, recipe.input_size, 3), dtype="uint8")
    model = DetectorTrainer(pixels, network(pixels))
    model.compile(
        optimizer=optimizer(
            learning_rate=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            steps=len(crops) * recipe.epochs,
            warmup_steps=int(len(crops) * recipe.warmup_epochs),
            ema_momentum=recipe.ema_momentum,
        ),
        jit_compile=False if keras.backend.backend() == "tensorflow" else "auto",
    )
    out.mkdir(parents=True, exist_ok=True)
    count = min(_STATISTICS_BATCHES, len(crops))
    model.fit(
        crops,
        epochs=recipe.epochs,
        callbacks=[
            keras.callbacks.BackupAndRestore(out / "backup"),
            keras.callbacks.LambdaCallback(
                on_epoch_begin=lambda epoch, logs: crops.begin_epoch(epoch)
            ),
            keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
            SaveAveraged(
                network,
                out / "network.keras",
                batches=lambda: (crops[index][0] for index in range(count)),
            ),
            keras.callbacks.CSVLogger(out / "log.csv", append=True),
        ],
    )
    return out / "network.keras"
