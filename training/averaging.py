"""Callbacks that turn moving-average weights into a network fit for use after every epoch."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import keras


def refresh_statistics(network: keras.Model, batches: Iterable[Any]) -> None:
    """Measures batch normalisation's mean and variance anew for the present weights.

    The statistics collected while training belong to the live weights; with averaged
    weights the network would answer at random. Some fifty batches replace them.
    """
    for batch in batches:
        network(batch, training=True)


class SaveAveraged(keras.callbacks.Callback):
    """After each epoch: refreshes the statistics, measures, and saves the bare network.

    Stands behind `keras.callbacks.SwapEMAWeights(swap_on_epoch=True)`, which puts the
    averaged weights in place.

    Args:
        network: the network without augmentation and loss.
        path: where to save it; replaced in one step.
        batches: gives inputs of `network`, as in training.
        measure: called after that; what it returns is added to the log.
    """

    def __init__(
        self,
        network: keras.Model,
        path: Path,
        *,
        batches: Callable[[], Iterable[Any]],
        measure: Callable[[], dict[str, float]] = dict,
    ) -> None:
        super().__init__()
        self._network, self._path = network, path
        self._batches, self._measure = batches, measure

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        refresh_statistics(self._network, self._batches())
        if logs is not None:
            logs.update(self._measure())
        partial = self._path.with_name("partial.keras")
        self._network.save(partial)
        partial.replace(self._path)
