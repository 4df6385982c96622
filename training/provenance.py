"""How a network came to be: the commands that make it again, for its card."""

import itertools
import shlex
from pathlib import Path
from typing import Final

from training.recipe import DetectorRecipe, EmotionRecipe, Recipe, load

TEACHER: Final = "face_detection_yunet_2026may.onnx"
"""The file of OpenCV Zoo that teaches detectors, as a card names it."""
UNLABELLED: Final = "wider_dev.zip"
"""WIDER FACE, whose faces have no emotion's label, as a card names it."""


def training_commands(
    recipe: Recipe, name: str, data: Path, *, seed: int | None = None
) -> list[str]:
    """The commands that make a recipe's network and all before it, in their order, each once.

    Args:
        recipe: with its name.
        name: of the recipe; its run lies in ``runs/<name>``.
        data: what it was trained on; a card tells only the file's name.
        seed: that it was trained with; None for the recipe's own. An average has none.

    Raises:
        RecipeError: for a teacher or an earlier network that no recipe makes.
    """
    if isinstance(recipe, EmotionRecipe) and recipe.average_of:
        words = ["python", "-m", "training", "average", name]
        words += ["--networks", *(f"runs/{part}/network.keras" for part in recipe.average_of)]
        words += ["--data", data.name, "--out", f"runs/{name}"]
        earlier = [
            command
            for part in recipe.average_of
            for command in training_commands(load(part), part, data)
        ]
        return list(dict.fromkeys([*earlier, shlex.join(words)]))
    teachers: tuple[str, ...] = ()
    others: list[str] = []
    if isinstance(recipe, EmotionRecipe) and recipe.distillation is not None:
        teachers = recipe.distillation.teachers
        if recipe.distillation.unlabelled_pixels is not None:
            others = ["--unlabelled", UNLABELLED]
    words = ["python", "-m", "training", "distill" if teachers else "train", name]
    words += ["--data", data.name, "--out", f"runs/{name}"]
    if isinstance(recipe, EmotionRecipe) and recipe.ferplus_weight > 0:
        words += ["--ferplus", "ferplus_votes.csv"]
    if isinstance(recipe, DetectorRecipe) and recipe.teacher_weight:
        words += ["--teacher", TEACHER]
    earlier = []
    for teacher in teachers:
        earlier += training_commands(load(teacher), teacher, data)
    if teachers:
        words += ["--teachers", *(f"runs/{teacher}/network.keras" for teacher in teachers)]
        words += others
    if recipe.starts_from is not None:
        words += ["--start", f"runs/{recipe.starts_from}/network.keras"]
        earlier += training_commands(load(recipe.starts_from), recipe.starts_from, data)
    if seed is not None and seed != recipe.seed:
        words += ["--seed", str(seed)]
    # A student and its teacher may both begin with the same earlier network.
    return list(dict.fromkeys([*earlier, shlex.join(words)]))


def learned_by(recipe: EmotionRecipe) -> list[EmotionRecipe]:
    """The recipes whose training is in a network's weights: its own, or its parts', and all before.

    Raises:
        RecipeError: for an earlier network that no recipe makes.
    """
    before = recipe.average_of or ((recipe.starts_from,) if recipe.starts_from else ())
    earlier = [learned_by(one) for one in map(load, before) if isinstance(one, EmotionRecipe)]
    return [*([] if recipe.average_of else [recipe]), *itertools.chain(*earlier)]
