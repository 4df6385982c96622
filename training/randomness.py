"""Random numbers that depend on the seed and the epoch alone, so that a run can go on."""

from typing import Any

import keras
import numpy as np


class EpochRandomness(keras.callbacks.Callback):
    """Sets every random generator of the model anew at the beginning of each epoch.

    A run that was ended in an epoch begins that epoch again with the very draws it had, and what
    follows is what would have come without the end.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._seed = seed

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        for index, state in enumerate(generator_states(self.model)):
            sequence = np.random.SeedSequence((self._seed, epoch, index))
            state.assign(sequence.generate_state(2).astype(np.uint32))


def generator_states(model: keras.Model) -> list[Any]:
    """The (2,) variables that hold the state of augmentation's and dropout's generators."""
    return [
        variable
        for variable in model.non_trainable_variables
        if variable.name == "seed_generator_state"
    ]
