"""``python -m training distill``: a student by a recipe and its teachers."""

import argparse
from pathlib import Path

from training.commands.options import Commands, add_run, chosen_recipe
from training.recipe import EmotionRecipe, RecipeError


def add_to(commands: Commands) -> None:
    """Adds the command and its options."""
    parser = commands.add_parser(
        "distill",
        help="teach a small classifier what large ones answer",
        description="Trains a student by a recipe with distillation: it and its teachers see the "
        "same changed crops. Goes on where it was, as train does.",
    )
    add_run(parser)
    parser.add_argument(
        "--teachers",
        metavar="FILE",
        type=Path,
        nargs="+",
        required=True,
        help="trained network.keras files, or released .tflite ones in the order of the recipe's "
        "teachers; their answers are averaged",
    )
    parser.add_argument(
        "--unlabelled",
        metavar="PATH",
        type=Path,
        help="WIDER FACE (a zip file or its folder), where the recipe also learns what its "
        "teachers say of faces without a label",
    )
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Trains the student; returns 0."""
    recipe = chosen_recipe(options)
    if not isinstance(recipe, EmotionRecipe):
        raise RecipeError(f"{options.recipe}: expected a classifier's recipe, got a detector's")
    from training.train import train

    path = train(
        recipe,
        name=Path(options.recipe).stem,
        teachers=options.teachers,
        data=options.data,
        out=options.out,
        votes=options.ferplus,
        unlabelled=options.unlabelled,
        start=options.start,
        limit=options.limit,
    )
    print(f"The trained network is {path}.")
    return 0
