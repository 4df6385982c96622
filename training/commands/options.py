"""What several commands share."""

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from training import recipe as recipes
from training.fer2013 import DatasetError
from training.recipe import RecipeError

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    Commands = object

FER2013 = "FER-2013: a zip file, its folder, fer2013.csv, or a packed file"
"""Help for an option that names it."""
DATA = (
    "FER-2013 for a classifier (a zip file, its folder, fer2013.csv or a packed file), WIDER FACE "
    "for a detector (a zip file or its folder)"
)
"""Help for an option that names what a recipe learns from."""


def add_run(command: argparse.ArgumentParser) -> None:
    """The options of a training by a recipe."""
    command.add_argument(
        "recipe", metavar="RECIPE", help=f"a YAML file, or one of: {', '.join(recipes.names())}"
    )
    command.add_argument("--data", metavar="PATH", type=Path, required=True, help=DATA)
    command.add_argument(
        "--ferplus",
        metavar="FILE",
        type=Path,
        help="FER+'s votes, where the recipe gives them a weight: ferplus_votes.csv for Kaggle's "
        "copy, fer2013new.csv for fer2013.csv",
    )
    command.add_argument(
        "--out", metavar="FOLDER", type=Path, required=True, help="folder of this run"
    )
    command.add_argument(
        "--start",
        metavar="FILE",
        type=Path,
        help="a trained network.keras, or a released .tflite, to begin with where the recipe "
        "says starts_from",
    )
    command.add_argument(
        "--limit",
        metavar="N",
        type=int,
        help="use only N pictures, to try a recipe out (default: all)",
    )
    command.add_argument(
        "--epochs", metavar="N", type=int, help="in place of the recipe's number of epochs"
    )
    command.add_argument("--seed", metavar="N", type=int, help="in place of the recipe's seed")


def chosen_recipe(options: argparse.Namespace) -> recipes.Recipe:
    """The recipe of `add_run`, with what the command line changes in it.

    Raises:
        RecipeError: for a recipe that is none, or options that do not fit it.
        DatasetError: when there is no data.
    """
    name, _, seed = options.recipe.partition(":")
    if seed:
        raise RecipeError(f"{options.recipe}: expected another seed as in {name} --seed 2")
    recipe = recipes.load(options.recipe)
    if recipe.average_of:
        raise RecipeError(
            f"{options.recipe}: expected a recipe that trains, got one that averages the networks "
            f"of {', '.join(recipe.average_of)}; use python -m training average"
        )
    for key, least in (("epochs", 1), ("seed", 0), ("limit", 1)):
        value = getattr(options, key)
        if value is not None and value < least:
            raise RecipeError(f"expected --{key} of at least {least}, got {value}")
    changes = {
        key: getattr(options, key)
        for key in ("epochs", "seed")
        if getattr(options, key) is not None
    }
    recipe = recipe.model_copy(update=changes)
    if (recipe.starts_from is None) != (options.start is None):
        wanted = f"the network of {recipe.starts_from}" if recipe.starts_from else "none"
        raise RecipeError(f"{options.recipe}: expected {wanted} with --start, got {options.start}")
    if isinstance(recipe, recipes.EmotionRecipe) and not options.data.exists():
        # Before Keras is loaded, which takes seconds.
        raise DatasetError(f"{options.data}: expected FER-2013, a file or a folder, got none")
    return recipe


def command_without_folders(program: str, typed: Sequence[str]) -> str:
    """What was typed, as a document or card tells it: how, not where somebody keeps things."""
    words = [
        f"runs/{Path(word).absolute().parent.name}/{Path(word).name}"
        if word.endswith(".keras")
        else Path(word).name or word
        for word in typed
    ]
    return shlex.join(["python", "-m", program, *words])
