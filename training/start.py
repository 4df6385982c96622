"""Begins a run with the weights of an earlier one."""

from pathlib import Path

import keras

from training.recipe import RecipeError


def start_from(network: keras.Model, path: Path) -> None:
    """Gives a network the weights of a trained one.

    Raises:
        RecipeError: when the file is no network, or one of other options.
    """
    try:
        network.set_weights(keras.models.load_model(path, compile=False).get_weights())
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise RecipeError(
            f"{path}: expected a trained network that fits the recipe's options, got: {reason}"
        ) from error
