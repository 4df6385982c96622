"""The data set in the training device's memory: a batch is a list of indices, nothing more."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import ops


class DeviceFaces(keras.layers.Layer):
    """Holds all faces and targets on the device; gives those of a batch's indices.

    Args:
        faces_gray: (N, 48, 48) uint8.
        targets: (N, 7) float32 distributions over the emotions.
    """

    def __init__(self, faces_gray: np.ndarray, targets: np.ndarray, **kwargs: Any) -> None:
        super().__init__(dtype="float32", trainable=False, **kwargs)
        self._faces = self._keep("faces", faces_gray[..., None], "uint8")
        self._targets = self._keep("targets", targets, "float32")

    def call(self, indices: Any) -> tuple[Any, Any]:
        """(B,) int32 → (B, 48, 48, 1) uint8 and (B, 7) float32."""
        return ops.take(self._faces, indices, axis=0), ops.take(self._targets, indices, axis=0)

    def compute_output_spec(self, indices: Any) -> tuple[Any, Any]:
        batch = indices.shape[:1]
        return (
            keras.KerasTensor((*batch, *self._faces.shape[1:]), dtype="uint8"),
            keras.KerasTensor((*batch, *self._targets.shape[1:]), dtype="float32"),
        )

    def save_own_variables(self, store: Any) -> None:
        """Saves nothing: a data set is no part of a backup."""

    def load_own_variables(self, store: Any) -> None:
        """Loads nothing, as nothing was saved."""

    def _keep(self, name: str, content: np.ndarray, dtype: str) -> Any:
        kept = self.add_weight(
            shape=content.shape, dtype=dtype, initializer="zeros", trainable=False, name=name
        )
        kept.assign(content)
        return kept


class Batches:
    """Indices of random batches, the same for a seed and an epoch whatever came before.

    What does not fill a batch at the end of an epoch is left out of that epoch.

    Args:
        number: of pictures.
        batch_size: at most; smaller where there are fewer pictures.
        seed: of the shuffles.
        steps_a_call: how many batches are given at once, a divisor of `steps`.
    """

    def __init__(self, number: int, batch_size: int, *, seed: int, most_a_call: int = 1) -> None:
        self.batch_size = min(batch_size, number)
        self.steps = number // self.batch_size
        self.steps_a_call = max(
            size for size in range(1, min(most_a_call, self.steps) + 1) if self.steps % size == 0
        )
        self.calls = self.steps // self.steps_a_call
        self._number, self._seed = number, seed

    def from_epoch(self, epoch: int) -> Iterator[tuple[np.ndarray]]:
        """Endless batches from an epoch on: (B,) int32, or (B, K) for K steps a call."""
        while True:
            random = np.random.default_rng((self._seed, epoch))
            order = random.permutation(self._number).astype(np.int32)
            used = order[: self.steps * self.batch_size].reshape(self.steps, self.batch_size)
            for call in range(self.calls):
                some = used[call * self.steps_a_call : (call + 1) * self.steps_a_call]
                # The batch comes first, because several devices share it.
                yield (some[0] if self.steps_a_call == 1 else np.ascontiguousarray(some.T),)
            epoch += 1
