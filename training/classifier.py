"""An emotion network with its loss, as one model from the indices of a batch on."""

from typing import Any

import keras
from keras import ops


class Mixup(keras.layers.Layer):
    """Mixes each face with its neighbour in the batch, and their targets alike, while training.

    After Zhang et al., "mixup: Beyond Empirical Risk Minimization", 2018.

    Args:
        alpha: of the beta distribution that the shares are drawn from; 0 mixes nothing.
        seed: makes the draws repeatable.
    """

    def __init__(self, alpha: float, *, seed: int, **kwargs: Any) -> None:
        super().__init__(dtype="float32", **kwargs)
        self._alpha = alpha
        self._random = keras.random.SeedGenerator(seed)

    def call(self, faces: Any, targets: Any, training: bool = False) -> tuple[Any, Any]:
        if not training or self._alpha == 0:
            return faces, targets
        shape = (ops.shape(faces)[0], 1)
        share = keras.random.beta(shape, self._alpha, self._alpha, seed=self._random)
        # The larger share is the face's own, so that no face is mixed away.
        share = ops.maximum(share, 1 - share)
        mixed = share * targets + (1 - share) * ops.roll(targets, 1, axis=0)
        share = share[:, :, None, None]
        return share * faces + (1 - share) * ops.roll(faces, 1, axis=0), mixed


class ClassifierTrainer(keras.Model):
    """From the indices of a batch to `logits` and `targets`, and the loss between them.

    With JAX the indices of several steps, (B, K), are one compiled call.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._accuracy = keras.metrics.Mean(name="accuracy")

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        return cross_entropy(y_pred["targets"], y_pred["logits"])

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        right = ops.argmax(y_pred["logits"], axis=-1) == ops.argmax(y_pred["targets"], axis=-1)
        # A face without a label is neither right nor wrong.
        labelled = ops.cast(ops.max(y_pred["targets"], axis=-1) > 0, "float32")
        self._accuracy.update_state(ops.cast(right, "float32"), sample_weight=labelled)
        return self.get_metrics_result()

    def train_step(self, *arguments: Any) -> Any:
        """Trains on a batch, or with JAX on several in one call."""
        # Only JAX hands the state in, and only there a call may hold several steps.
        if len(arguments) == 1 or len(arguments[1][0].shape) == 1:
            return super().train_step(*arguments)
        import jax

        state, (indices,) = arguments

        def step(state: Any, batch: Any) -> Any:
            logs, state = super(ClassifierTrainer, self).train_step(state, (batch,))
            return state, logs

        state, logs = jax.lax.scan(step, state, indices.T)
        return {name: values[-1] for name, values in logs.items()}, state


class StatisticsTrainer(keras.Model):
    """Runs a network as in training and learns nothing: only the statistics move.

    A step of size zero is the one compiled pass that every backend has.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.compile(optimizer=keras.optimizers.SGD(0.0), jit_compile=compiled())

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        return 0.0 * ops.mean(y_pred)


def cross_entropy(targets: Any, logits: Any) -> Any:
    """The mean over the batch; (B, 7) each."""
    return -ops.mean(ops.sum(targets * ops.log_softmax(logits, axis=-1), axis=-1))


def compiled() -> bool | str:
    """Whether XLA compiles a step: oneDNN's bfloat16 convolutions beat its own on a processor."""
    return False if keras.backend.backend() == "tensorflow" else "auto"
