"""Trains an emotion classifier by a recipe; a killed run goes on where it stopped."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np

from edge_agent.emotions import EMOTIONS
from training import fer2013, networks, run
from training import recipe as recipes
from training import unlabelled as unlabelled_faces
from training.augmentation import FaceAugmentation
from training.classifier import ClassifierTrainer, Mixup
from training.device_data import DeviceFaces
from training.distill import DistillationTrainer, Ensemble
from training.labels import targets
from training.models import EMOTION_MODELS
from training.recipe import EmotionRecipe, RecipeError, load_start
from training.start import start_from
from training.widening import widen

_STATISTICS_FACES: Final = 6400
"""Faces, or a few more, on which a released network's layers are measured."""


def train(
    recipe: EmotionRecipe,
    *,
    name: str,
    data: Path,
    out: Path,
    teachers: Sequence[Path] = (),
    votes: Path | None = None,
    unlabelled: Path | None = None,
    start: Path | None = None,
    limit: int | None = None,
) -> Path:
    """Trains and writes ``network.keras`` (moving-average weights), ``log.csv`` and ``run.json``.

    Teachers, where the recipe distils, see the same augmented crops as their student, and are
    asked about each anew.

    Args:
        recipe: what to do.
        name: of the recipe.
        data: FER-2013, as `fer2013.load` takes it.
        out: folder of the run; run again with the same folder to go on after a kill.
        teachers: for a recipe with `distillation`: ``.keras`` files, or released ``.tflite`` ones,
            each of the recipe that stands at its place among the distillation's teachers.
        votes: of FER+, where the recipe mixes them in.
        unlabelled: WIDER FACE, where the recipe learns from its faces.
        start: a trained network of the same family and options to begin with, or of the narrower
            ones of the recipe that this one starts from: a ``.keras`` file, or a released
            ``.tflite`` one.
        limit: use only so many pictures, and so many faces without a label, to try a recipe out.

    Returns:
        The path of the trained network.

    Raises:
        RecipeError: for a family that does not exist or options that it does not take, for
            teachers where the recipe has no distillation, or none where it has, or another number
            than it names where one is a released file, and for faces without labels where the
            recipe wants none, or none where it does.
        ModelError: for a file that is no teacher.
        DatasetError: for data that cannot be read.
    """
    how = recipe.distillation
    if how is not None and not teachers:
        raise RecipeError(
            f"{name}: expected a recipe without distillation, got one with it; give its teachers "
            "to python -m training distill"
        )
    if how is None and teachers:
        raise RecipeError(f"{name}: expected a recipe with distillation, got one without")
    least_pixels = how.unlabelled_pixels if how is not None else None
    if (least_pixels is None) != (unlabelled is None):
        expected = "none" if least_pixels is None else "WIDER FACE"
        raise RecipeError(f"{name}: expected {expected} with --unlabelled, got {unlabelled}")
    run.prepare(recipe)
    network, augmentation = built(recipe)
    training = fer2013.load(data, "training")
    masters = _teachers(recipe, teachers, training)
    public = fer2013.load(data, "public_test")
    wanted = targets(recipe, training, votes)
    training, wanted = run.chosen_faces(training, wanted, limit, recipe.seed)
    pictures = training.faces_gray
    if unlabelled is not None and least_pixels is not None:
        others = _without_labels(unlabelled, least_pixels, limit, recipe.seed)
        # A distribution of nothing but zeros: the labels' loss does not see such a face.
        wanted = np.concatenate([wanted, np.zeros((len(others), len(EMOTIONS)), np.float32)])
        pictures = np.concatenate([pictures, others])
    begun = run.begin(name, recipe, out, pictures=len(wanted), teachers=teachers)
    if begun.is_finished:
        return out / "network.keras"
    if start is not None:
        # Layers that were measured on other pictures than it is going to learn from would answer
        # otherwise as soon as they are trained.
        changed = (augmentation(batch, training=True) for batch in _some_batches(training))
        _start(network, recipe, start, changed)
    faces = DeviceFaces(pictures, wanted)
    indices = keras.Input((), dtype="int32")
    originals, distributions = faces(indices)
    crops, distributions = Mixup(recipe.mixup, seed=recipe.seed)(
        augmentation(originals), distributions
    )
    outputs = {"logits": network(crops), "targets": distributions}
    if how is None:
        model = ClassifierTrainer(indices, outputs)
    else:
        outputs["teachers"] = Ensemble(masters, how.temperature, mirrored=how.mirrored)(crops)
        model = DistillationTrainer(indices, outputs, how=how)
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


def _teachers(
    recipe: EmotionRecipe, paths: Sequence[Path], faces: fer2013.FaceSet
) -> list[keras.Model]:
    """The trained teachers; what a released file leaves out, the teacher's recipe tells."""
    if all(path.suffix != ".tflite" for path in paths):
        return [networks.load_keras(path) for path in paths]
    named = recipe.distillation.teachers if recipe.distillation else ()
    if len(paths) != len(named):
        raise RecipeError(
            f"--teachers: expected a file for each teacher of the recipe ({', '.join(named)}), "
            f"because a .tflite file does not tell its recipe, got {len(paths)} files"
        )
    teachers = []
    for path, name in zip(paths, named, strict=True):
        if path.suffix != ".tflite":
            teachers.append(networks.load_keras(path))
            continue
        made_by = recipes.load(name)
        if not isinstance(made_by, EmotionRecipe):
            raise RecipeError(f"teachers: expected classifiers' recipes, got a detector's: {name}")
        teacher, _ = built(made_by)
        start_from(teacher, path, _some_batches(faces))
        teachers.append(teacher)
    return teachers


def _without_labels(source: Path, least_pixels: int, limit: int | None, seed: int) -> np.ndarray:
    faces = unlabelled_faces.load(source, least_pixels)
    return faces[np.random.default_rng(seed).permutation(len(faces))[:limit]]


def _start(network: keras.Model, recipe: EmotionRecipe, path: Path, batches: Iterable[Any]) -> None:
    """Gives a network the weights that it begins with; it may be wider than they are."""
    begun = network
    earlier = load_start(recipe)
    if earlier is not None:
        narrow, _ = built(earlier)
        if [tuple(w.shape) for w in narrow.weights] != [tuple(w.shape) for w in network.weights]:
            begun = narrow
    start_from(begun, path, batches)
    if begun is not network:
        widen(network, begun, seed=recipe.seed)


def _some_batches(faces: fer2013.FaceSet) -> Iterator[np.ndarray]:
    """(128, 48, 48, 1) float32 faces of all emotions, as a network takes them."""
    # Kaggle's pictures stand in the order of their emotions.
    some = faces.faces_gray[:: max(1, len(faces.labels) // _STATISTICS_FACES)]
    for start in range(0, len(some), 128):
        yield some[start : start + 128, ..., None].astype(np.float32)


def built(recipe: EmotionRecipe) -> tuple[keras.Model, FaceAugmentation]:
    """A recipe's network and augmentation.

    Raises:
        RecipeError: for a family that does not exist or options that it does not take.
    """
    if recipe.family not in EMOTION_MODELS:
        raise RecipeError(
            f"family: expected one of {', '.join(EMOTION_MODELS)}, got {recipe.family!r}"
        )
    try:
        network = EMOTION_MODELS[recipe.family](**recipe.options)
        return network, FaceAugmentation(seed=recipe.seed, **recipe.augmentation)
    except (TypeError, ValueError) as error:
        raise RecipeError(f"options or augmentation: {error}") from error
