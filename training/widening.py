"""Makes a wider network out of a trained one, which at first answers the same.

After Chen et al., "Net2Net: Accelerating Learning via Knowledge Transfer", 2016. A wide network
that begins with what a narrow one knows needs a part of the epochs that it would need from
nothing. Unlike there every channel is repeated, so that the sums of residual blocks stay right;
and copies are told apart by what is made of them in place of by noise, so the answers are
the same but for rounding.
"""

from typing import Final

import keras
import numpy as np

from training.recipe import RecipeError

_LEAST_SHARE: Final = 0.5
"""Of what a copy is counted with, before the shares of all copies of a channel are made one."""
_CONVOLUTIONS: Final = (keras.layers.Conv2D, keras.layers.Dense)


def widen(network: keras.Model, narrow: keras.Model, *, seed: int) -> None:
    """Gives a network the weights of a trained one with fewer channels.

    Args:
        network: of the same layers, with channels that are whole multiples of the other's.
        narrow: trained.
        seed: of the shares with which the copies of a channel are counted.

    Raises:
        RecipeError: for networks that are built otherwise.
    """
    for one in network.layers:
        if isinstance(one, keras.layers.Concatenate):
            raise RecipeError(
                "options: expected those of the network that it starts from, got others; a network "
                f"with joined maps, as in {one.name}, cannot be widened"
            )
    if [one.name for one in network.layers] != [one.name for one in narrow.layers]:
        raise RecipeError(
            "options: expected a network that differs from the one that it starts from in its "
            "channels only, got one of other layers"
        )
    random = np.random.default_rng(seed)
    for new, old in zip(network.layers, narrow.layers, strict=True):
        counted = isinstance(new, _CONVOLUTIONS)
        new.set_weights(
            [
                _widened(np.asarray(weight), tuple(wanted.shape), random, new.name, counted)
                for weight, wanted in zip(old.get_weights(), new.weights, strict=True)
            ]
        )


def _widened(
    weight: np.ndarray,
    shape: tuple[int, ...],
    random: np.random.Generator,
    layer: str,
    is_counted: bool,
) -> np.ndarray:
    """A weight with its channels repeated; for a kernel, (..., I, O), with the inputs shared."""
    # Only channels are repeated: an image side that differs is another kernel.
    copies = [new // old for new, old in zip(shape, weight.shape, strict=True)]
    wide = np.tile(weight, copies)
    if wide.shape != shape or any(number != 1 for number in copies[:-2]):
        raise RecipeError(
            f"options: expected whole multiples of the channels that it starts from, got {shape} "
            f"from {weight.shape} in {layer}"
        )
    if is_counted and weight.ndim > 1 and copies[-2] > 1:
        shares = random.uniform(_LEAST_SHARE, 1 + _LEAST_SHARE, shape)
        apart = shares.reshape(*shape[:-2], copies[-2], -1, shape[-1])
        wide = wide * (apart / apart.sum(-3, keepdims=True)).reshape(shape)
    return wide
