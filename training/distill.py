"""What a small network is taught by an ensemble of large ones that see the same crops."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from training.classifier import ClassifierTrainer, cross_entropy
from training.recipe import Distillation


class DistillationTrainer(ClassifierTrainer):
    """Adds to the labels' loss how far the student is from its teachers.

    After Hinton et al., "Distilling the Knowledge in a Neural Network", 2015.

    Args:
        how: temperature and weight.
    """

    def __init__(self, *args: Any, how: Distillation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._how = how

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        how = self._how
        softened = y_pred["logits"] / how.temperature
        # The square keeps the gradient's size whatever the temperature. The teachers' entropy is
        # missing from the divergence: it does not depend on the student.
        from_teachers = cross_entropy(y_pred["teachers"], softened) * how.temperature**2
        from_labels = cross_entropy(y_pred["targets"], y_pred["logits"])
        return how.weight * from_teachers + (1 - how.weight) * from_labels

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forgets the last step's gradients, with PyTorch.

        Keras would let it go by names, which a teacher's layers share with the student's: the
        student's gradients would add up from step to step.
        """
        for variable in self.trainable_variables:
            variable.value.grad = None


class Ensemble(keras.layers.Layer):
    """The mean of the teachers' probabilities at a temperature; they never learn.

    Args:
        teachers: trained networks.
        temperature: their logits are divided by it.
        mirrored: they answer for each crop and for its mirror image.
    """

    def __init__(
        self,
        teachers: Sequence[keras.Model],
        temperature: float,
        *,
        mirrored: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(dtype="float32", trainable=False, **kwargs)
        self._teachers = list(teachers)
        for teacher in self._teachers:
            teacher.trainable = False
        self._temperature = temperature
        self._mirrored = mirrored

    def call(self, crops: Any) -> Any:
        """(B, 48, 48, 1) pixels → (B, 7) float32."""
        if self._mirrored:
            both = self._answer(ops.concatenate([crops, ops.flip(crops, axis=2)]))
            return ops.mean(ops.reshape(both, (2, -1, both.shape[-1])), axis=0)
        return self._answer(crops)

    def _answer(self, crops: Any) -> Any:
        answers = [
            ops.softmax(ops.cast(teacher(crops, training=False), "float32") / self._temperature)
            for teacher in self._teachers
        ]
        return ops.stop_gradient(ops.mean(ops.stack(answers), axis=0))

    def save_own_variables(self, store: Any) -> None:
        """Saves nothing: the teachers have files of their own."""

    def compute_output_spec(self, crops: Any) -> Any:
        return keras.KerasTensor((crops.shape[0], self._teachers[0].output_shape[1]))
