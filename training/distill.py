"""Teaches a small network what an ensemble of large ones answers to the same crops."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
from keras import ops

from training import fer2013, run
from training.classifier import ClassifierTrainer, Mixup, cross_entropy
from training.device_data import DeviceFaces
from training.labels import targets
from training.recipe import Distillation, EmotionRecipe, RecipeError
from training.start import start_from
from training.train import built


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


class Ensemble(keras.layers.Layer):
    """The mean of the teachers' probabilities at a temperature; they never learn.

    Args:
        teachers: trained networks.
        temperature: their logits are divided by it.
    """

    def __init__(self, teachers: Sequence[keras.Model], temperature: float, **kwargs: Any) -> None:
        super().__init__(dtype="float32", trainable=False, **kwargs)
        self._teachers = list(teachers)
        for teacher in self._teachers:
            teacher.trainable = False
        self._temperature = temperature

    def call(self, crops: Any) -> Any:
        """(B, 48, 48, 1) pixels → (B, 7) float32."""
        answers = [
            ops.softmax(ops.cast(teacher(crops, training=False), "float32") / self._temperature)
            for teacher in self._teachers
        ]
        return ops.stop_gradient(ops.mean(ops.stack(answers), axis=0))

    def save_own_variables(self, store: Any) -> None:
        """Saves nothing: the teachers have files of their own."""

    def compute_output_spec(self, crops: Any) -> Any:
        return keras.KerasTensor((crops.shape[0], self._teachers[0].output_shape[1]))


def distill(
    recipe: EmotionRecipe,
    *,
    name: str,
    teachers: Sequence[Path],
    data: Path,
    out: Path,
    votes: Path | None = None,
    start: Path | None = None,
    limit: int | None = None,
) -> Path:
    """Trains a student; writes what `training.train.train` writes.

    Teachers and student see the same augmented crop, and the teachers' answers to it are worked
    out anew each time.

    Args:
        recipe: with `distillation`.
        name: of the recipe.
        teachers: ``.keras`` files.
        data, out, votes, start, limit: as for `training.train.train`.

    Returns:
        The path of the trained network.

    Raises:
        RecipeError: for a recipe without distillation, or a file that is no teacher.
        DatasetError: for data that cannot be read.
    """
    how = recipe.distillation
    if how is None:
        raise RecipeError(f"{name}: expected a recipe with distillation, got one without")
    run.prepare(recipe)
    network, augmentation = built(recipe)
    masters = [_teacher(path) for path in teachers]
    training = fer2013.load(data, "training")
    public = fer2013.load(data, "public_test")
    wanted = targets(recipe, training, votes)
    training, wanted = run.chosen_faces(training, wanted, limit, recipe.seed)
    begun = run.begin(name, recipe, out, pictures=len(wanted), teachers=teachers)
    if begun.is_finished:
        return out / "network.keras"
    if start is not None:
        start_from(network, start)
    faces = DeviceFaces(training.faces_gray, wanted)
    indices = keras.Input((), dtype="int32")
    pictures, distributions = faces(indices)
    crops, distributions = Mixup(recipe.mixup, seed=recipe.seed)(
        augmentation(pictures), distributions
    )
    model = DistillationTrainer(
        indices,
        {
            "logits": network(crops),
            "targets": distributions,
            "teachers": Ensemble(masters, how.temperature)(crops),
        },
        how=how,
    )
    return run.carry_out(
        begun,
        model=model,
        network=network,
        data=faces,
        augmentation=augmentation,
        recipe=recipe,
        public=public.some(limit),
        out=out,
    )


def _teacher(path: Path) -> keras.Model:
    try:
        network = keras.models.load_model(path, compile=False)
    except (OSError, ValueError, TypeError, KeyError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise RecipeError(
            f"{path}: expected a trained network as a teacher, got: {reason}"
        ) from error
    shapes = getattr(network, "input_shape", None), getattr(network, "output_shape", None)
    if shapes != ((None, 48, 48, 1), (None, 7)):
        raise RecipeError(
            f"{path}: expected a teacher that takes faces (48, 48, 1) and gives 7 logits, got "
            f"{shapes[0]} and {shapes[1]}"
        )
    return network
