"""``python -m training average``: one network from the weights of several."""

import argparse
from pathlib import Path

from training import recipe as recipes
from training.commands.options import DATA, Commands
from training.fer2013 import DatasetError
from training.recipe import EmotionRecipe, RecipeError


def add_to(commands: Commands) -> None:
    """Adds the command and its options."""
    parser = commands.add_parser(
        "average",
        help="average the weights of networks that began with the same one",
        description="Averages the weights of trained networks that began with the same one, "
        "measures batch normalisation's statistics anew, and saves the mean as network.keras. "
        "Prints how often each classifier and the mean are right on PublicTest; a detector's mean "
        "is measured by python -m training evaluate-detector once it is released.",
    )
    parser.add_argument(
        "recipe",
        metavar="RECIPE",
        help="a recipe with average_of: a YAML file, or the name of one, emotion_student_average",
    )
    parser.add_argument(
        "--networks",
        metavar="FILE",
        type=Path,
        nargs="+",
        required=True,
        help="trained network.keras files, in the order of the recipe's average_of",
    )
    parser.add_argument("--data", metavar="PATH", type=Path, required=True, help=DATA)
    parser.add_argument(
        "--out", metavar="FOLDER", type=Path, required=True, help="folder of the mean"
    )
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Writes the mean, and prints a table; returns 0."""
    recipe = recipes.load(options.recipe)
    if not recipe.average_of:
        raise RecipeError(
            f"{options.recipe}: expected a recipe with average_of, got one that trains; use python "
            "-m training train or distill"
        )
    if len(options.networks) != len(recipe.average_of):
        raise RecipeError(
            f"--networks: expected a file for each of {', '.join(recipe.average_of)}, got "
            f"{len(options.networks)}"
        )
    given = {key: getattr(options, key) for key in ("networks", "data", "out")}
    if not isinstance(recipe, EmotionRecipe):
        from training.face_detector.average import average as average_detectors

        print(f"The mean is {average_detectors(recipe, **given)}.")
        return 0
    if not options.data.exists():
        # Before Keras is loaded, which takes seconds.
        raise DatasetError(f"{options.data}: expected FER-2013, a file or a folder, got none")
    from training.average import average

    path, right = average(recipe, **given)
    print("| network | right of PublicTest, % |\n|---|---:|")
    for name, share in zip([*recipe.average_of, "the mean of their weights"], right, strict=True):
        print(f"| {name} | {100 * share:.1f} |")
    print(f"The mean is {path}.")
    return 0
