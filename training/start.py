"""Begins a run with the weights of an earlier one."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras

from training.keras_file import read_keras
from training.recipe import RecipeError
from training.released_weights import added_outputs, take_released_weights


def start_from(network: keras.Model, path: Path, batches: Iterable[Any]) -> None:
    """Gives a network the weights of a trained one, which may have fewer outputs.

    Args:
        network: to be trained.
        path: a ``.keras`` file, or a released ``.tflite`` one.
        batches: of training pictures, which only the latter needs.

    Raises:
        ModelError: when the file is no network.
        RecipeError: when it is one of other options.
    """
    if path.suffix == ".tflite":
        take_released_weights(network, path, batches)
        return
    trained = read_keras(path)
    try:
        new = added_outputs(network, [layer.name for layer in trained.layers])
        begun = [layer for layer in network.layers if layer.name not in new]
        # Only the shapes of all weights together tell whether the rest is the same network.
        keras.Model(network.inputs, [layer.output for layer in begun]).set_weights(
            trained.get_weights()
        )
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise RecipeError(
            f"{path}: expected a trained network that fits the recipe's options, got: {reason}"
        ) from error
