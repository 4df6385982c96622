"""Callbacks that turn moving-average weights into a network fit for use after every epoch."""

from collections.abc import Callable
from pathlib import Path

import keras


def measure_statistics(network: keras.Model, run: Callable[[], int]) -> None:
    """Measures batch normalisation's mean and variance anew for the present weights.

    The statistics collected while training belong to the live weights; with averaged
    weights the network would answer at random. Nothing of them remains.

    Args:
        network: whose batch normalisation begins anew.
        run: runs it as in training; returns the number of batches.
    """
    layers = [
        layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)
    ]
    for layer in layers:
        layer.moving_mean.assign(keras.ops.zeros_like(layer.moving_mean))
        layer.moving_variance.assign(keras.ops.zeros_like(layer.moving_variance))
    batches = run()
    for layer in layers:
        # A moving average that began at zero is too small by this much.
        share = 1 - layer.momentum**batches
        layer.moving_mean.assign(layer.moving_mean / share)
        layer.moving_variance.assign(layer.moving_variance / share)


class SaveAveraged(keras.callbacks.Callback):
    """After each epoch: refreshes the statistics, measures, and saves the bare network.

    Stands behind `keras.callbacks.SwapEMAWeights(swap_on_epoch=True)`, which puts the
    averaged weights in place.

    Args:
        network: the network without augmentation and loss.
        path: where to save it; replaced in one step.
        refresh: measures the statistics of batch normalisation anew.
        measure: called after that; what it returns is added to the log.
        every: so many epochs.
        last: the number of epochs, whose last is always measured.
    """

    def __init__(
        self,
        network: keras.Model,
        path: Path,
        *,
        refresh: Callable[[], None],
        measure: Callable[[], dict[str, float]] = dict,
        every: int = 1,
        last: int = 0,
    ) -> None:
        super().__init__()
        self._network, self._path = network, path
        self._refresh, self._measure = refresh, measure
        self._every, self._last = every, last

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if (epoch + 1) % self._every and epoch + 1 != self._last:
            return
        self._refresh()
        if logs is not None:
            logs.update(self._measure())
        partial = self._path.with_name("partial.keras")
        self._network.save(partial)
        partial.replace(self._path)
