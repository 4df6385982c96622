"""What a classifier is to answer: FER-2013's label, smoothed, mixed with what FER+ saw."""

from pathlib import Path

import numpy as np

from edge_agent.emotions import EMOTIONS
from training import ferplus
from training.fer2013 import FaceSet
from training.recipe import EmotionRecipe, RecipeError


def targets(recipe: EmotionRecipe, faces: FaceSet, votes: Path | None) -> np.ndarray:
    """The distribution that each face is trained for.

    Args:
        recipe: says how much FER+ counts, and the smoothing.
        faces: the training split.
        votes: FER+'s file, as `ferplus.read_votes` takes it.

    Returns:
        (N, 7) float32, each row's sum 1.

    Raises:
        RecipeError: when the recipe wants votes and there are none, or the other way round.
        DatasetError: for a file that holds other votes.
    """
    own = np.eye(len(EMOTIONS), dtype=np.float32)[faces.labels]
    if (recipe.ferplus_weight > 0) != (votes is not None):
        wanted = "FER+'s votes" if recipe.ferplus_weight > 0 else "none"
        raise RecipeError(
            f"ferplus_weight is {recipe.ferplus_weight}: expected {wanted} with --ferplus, "
            f"got {votes}"
        )
    if votes is not None:
        seen = ferplus.distribution(ferplus.read_votes(votes, faces.paths), faces.labels)
        own = (1 - recipe.ferplus_weight) * own + recipe.ferplus_weight * seen
    smoothing = recipe.label_smoothing
    return (1 - smoothing) * own + np.float32(smoothing / len(EMOTIONS))
