"""Averages the weights of detectors that began with the same one."""

from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from training import wider_face
from training.average import save, set_mean
from training.face_detector.train import Crops, exact_network, measure_on_crops
from training.keras_file import read_keras
from training.recipe import DetectorRecipe


def average(recipe: DetectorRecipe, *, networks: Sequence[Path], data: Path, out: Path) -> Path:
    """Writes ``network.keras``, the mean of several detectors; see `training.average.average`.

    Args:
        recipe: one with `average_of`.
        networks: trained ``.keras`` files, all with the recipe's options.
        data: WIDER FACE, as `wider_face.load` takes it.
        out: folder of the mean.

    Returns:
        The path of the mean.

    Raises:
        RecipeError: when a network has other options.
        ModelError: for a file that is no network.
        DatasetError: for data that cannot be read.
    """
    mean = exact_network(recipe)
    set_mean(mean, [read_keras(path) for path in networks], networks)
    crops = Crops(wider_face.load(data, "training"), recipe)
    # A whole epoch: from so few batches as a training measures, the AP varies with their seed.
    crops.measured = len(crops)
    bar = tqdm(crops.images(), desc="measuring the mean", unit="batch", total=crops.measured)
    measure_on_crops(mean, bar)
    return save(mean, out)
