"""How a network came to be: the command that makes it again, for its card."""

import itertools
import shlex
from pathlib import Path
from typing import Final

from training import plan
from training.recipe import EmotionRecipe, load

_FILES: Final = {
    "ferplus": "ferplus_votes.csv",
    "unlabelled": "wider_dev.zip",
    "teacher": "face_detection_yunet_2026may.onnx",
    "demographics": "wider_demographics.csv",
}
"""Option → the file that it names, as a card tells it."""


def training_command(name: str, data: Path, *, seed: int | None = None) -> str:
    """The command that makes a recipe's network, after all that it needs.

    Args:
        name: of the recipe, or its path; its run lies in ``runs``.
        data: what it was trained on; a card tells only the file's name.
        seed: that it was trained with; None for the recipe's own.

    Raises:
        RecipeError: for a teacher or an earlier network that no recipe makes.
    """
    named = Path(name).name
    if seed is not None and seed != load(name).seed:
        named += f":{seed}"
    wanted = sources(name)
    words = ["python", "-m", "training", "all", named, "--data", data.name]
    for option, file in _FILES.items():
        if option in wanted:
            words += [f"--{option}", file]
    return shlex.join([*words, "--out", "runs"])


def sources(name: str) -> set[str]:
    """Options that name what a recipe's network, and all before it, learn from beside their data.

    Raises:
        RecipeError: for a teacher or an earlier network that no recipe makes.
    """
    return {option for job in plan.jobs([name], Path("runs")) for option in job.sources}


def learned_by(recipe: EmotionRecipe) -> list[EmotionRecipe]:
    """The recipes whose training is in a network's weights: its own, or its parts', and all before.

    Raises:
        RecipeError: for an earlier network that no recipe makes.
    """
    before = recipe.average_of or ((recipe.starts_from,) if recipe.starts_from else ())
    earlier = [learned_by(one) for one in map(load, before) if isinstance(one, EmotionRecipe)]
    return [*([] if recipe.average_of else [recipe]), *itertools.chain(*earlier)]
