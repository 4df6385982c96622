"""Averages the weights of networks that began with the same one."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from tqdm import tqdm

from training import fer2013, run
from training.fer2013 import FaceSet
from training.moving_average import measure_statistics
from training.networks import load_keras
from training.recipe import EmotionRecipe, RecipeError
from training.train import built


def average(
    recipe: EmotionRecipe, *, networks: Sequence[Path], data: Path, out: Path
) -> tuple[Path, list[float]]:
    """Writes ``network.keras``, the mean of several networks.

    Networks that went on from the same one, each on its own way, often lie so near to each other
    that the mean of their weights answers about as well as they do together, at the price of one
    (Wortsman et al., "Model soups", 2022). Their batch normalisation's statistics do not fit the
    mean, whose own are measured on training crops of the recipe.

    Args:
        recipe: one with `average_of`.
        networks: trained ``.keras`` files, all with the recipe's family and options.
        data: FER-2013, as `fer2013.load` takes it.
        out: folder of the mean.

    Returns:
        The path of the mean, and how often (0..1) each network and the mean are right on
        PublicTest, in that order.

    Raises:
        RecipeError: when a network has other options.
        ModelError: for a file that is no network.
        DatasetError: for data that cannot be read.
    """
    run.prepare(recipe)
    mean, augmentation = built(recipe)
    parts = [load_keras(path) for path in networks]
    set_mean(mean, parts, networks)
    training = fer2013.load(data, "training")
    public = fer2013.load(data, "public_test")

    # Kaggle's pictures stand in the order of their emotions, and a batch of a single emotion would
    # have other statistics.
    shuffled = np.random.default_rng(recipe.seed).permutation(len(training.labels))
    some = shuffled[: run.STATISTICS_STEPS * recipe.batch_size]
    batches = np.array_split(some, -(-len(some) // recipe.batch_size))

    def run_as_in_training() -> int:
        for batch in tqdm(batches, desc="measuring the mean", unit="batch"):
            pixels = training.faces_gray[batch, ..., None].astype(np.float32)
            mean(augmentation(pixels, training=True), training=True)
        return len(batches)

    measure_statistics(mean, run_as_in_training)
    return save(mean, out), [_right(network, public) for network in (*parts, mean)]


def set_mean(mean: keras.Model, parts: Sequence[keras.Model], paths: Sequence[Path]) -> None:
    """Gives a network the mean of the weights of several.

    Args:
        mean: of the same family and options.
        parts: trained.
        paths: the files that they came from.

    Raises:
        RecipeError: when one has other options.
    """
    shapes = [tuple(weight.shape) for weight in mean.weights]
    for path, part in zip(paths, parts, strict=True):
        if [tuple(weight.shape) for weight in part.weights] != shapes:
            raise RecipeError(
                f"{path}: expected a network with the family and options of the recipe, got one "
                "whose weights have other shapes; train all of them by recipes that are alike"
            )
    values = zip(*(part.get_weights() for part in parts), strict=True)
    mean.set_weights([np.mean(each, axis=0, dtype=np.float64) for each in values])


def save(network: keras.Model, out: Path) -> Path:
    """Writes ``network.keras`` into a folder, in one step; returns its path."""
    out.mkdir(parents=True, exist_ok=True)
    network.save(out / "partial.keras")
    return (out / "partial.keras").replace(out / "network.keras")


def _right(network: keras.Model, faces: FaceSet) -> float:
    logits = network.predict(faces.faces_gray[..., None], batch_size=128, verbose=0)
    return float((logits.argmax(1) == faces.labels).mean())
