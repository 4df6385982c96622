"""Makes a deeper network out of a trained one, which at first answers the same.

A residual block whose last scale is zero adds nothing (the start that Goyal et al., "Accurate,
Large Minibatch SGD", 2017, give every block), so blocks put into a trained network change none of
its answers until they have learned something.
"""

import keras
import numpy as np

from training.recipe import RecipeError


def added_blocks(network: keras.Model, shallow: keras.Model) -> set[str]:
    """The names of a network's residual sums that another one does not have."""
    known = {layer.name for layer in shallow.layers}
    return {
        layer.name
        for layer in network.layers
        if isinstance(layer, keras.layers.Add) and layer.name not in known
    }


def deepen(network: keras.Model, shallow: keras.Model) -> None:
    """Gives a network the weights of a trained one with fewer residual blocks.

    Args:
        network: as the other, with further blocks, each of which ends with batch normalisation,
            its sum and ReLU.
        shallow: trained.

    Raises:
        RecipeError: for networks that differ in more than their blocks.
    """
    trained = {layer.name: layer for layer in shallow.layers}
    sums = added_blocks(network, shallow)
    added = [one for layer in network.layers if layer.name in sums for one in layer.input]
    for layer in network.layers:
        if layer.name in trained:
            weights = trained[layer.name].get_weights()
            if [one.shape for one in weights] != [tuple(one.shape) for one in layer.weights]:
                raise RecipeError(
                    "options: expected a network that differs from the one that it starts from in "
                    f"its blocks only, got one whose layer {layer.name} has other channels"
                )
            layer.set_weights(weights)
        elif isinstance(layer, keras.layers.BatchNormalization) and any(
            layer.output is one for one in added
        ):
            layer.gamma.assign(np.zeros(layer.gamma.shape))
            layer.beta.assign(np.zeros(layer.beta.shape))
    missing = trained.keys() - {layer.name for layer in network.layers}
    if missing:
        raise RecipeError(
            "options: expected no fewer blocks than the network has that it starts from, got one "
            f"without {', '.join(sorted(missing))}"
        )
