"""``python -m training train``: a network by a recipe."""

import argparse
from pathlib import Path

from training.commands.options import Commands, add_run, chosen_recipe
from training.recipe import EmotionRecipe, RecipeError


def add_to(commands: Commands) -> None:
    """Adds the command and its options."""
    parser = commands.add_parser(
        "train",
        help="train a network by a recipe",
        description="Trains a network by a recipe and saves it as network.keras, with log.csv "
        "beside it. A run that was ended goes on where it was.",
    )
    add_run(parser)
    parser.add_argument(
        "--teacher",
        metavar="FILE",
        type=Path,
        help="YuNet's ONNX file, for a detector's recipe that gives it a weight",
    )
    parser.add_argument(
        "--demographics",
        metavar="FILE",
        type=Path,
        help="who is seen (image,face_index,perceived_...), for a detector's recipe with "
        "overlooked_groups",
    )
    parser.add_argument(
        "--workers",
        metavar="N",
        type=int,
        default=1,
        help="threads that make a detector's crops, and ask the teacher about them (default: 1)",
    )
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Trains; returns 0."""
    recipe = chosen_recipe(options)
    given = {
        "name": Path(options.recipe).stem,
        **{key: getattr(options, key) for key in ("data", "out", "start", "limit")},
    }
    if isinstance(recipe, EmotionRecipe):
        from training.train import train

        if options.teacher is not None:
            raise RecipeError(f"{options.recipe}: expected no --teacher, it trains a classifier")
        if options.demographics is not None:
            raise RecipeError(
                f"{options.recipe}: expected no --demographics, it trains a classifier"
            )
        path = train(recipe, votes=options.ferplus, **given)
    else:
        from training.face_detector.train import train as train_detector

        if options.ferplus is not None:
            raise RecipeError("expected --ferplus for a classifier only, got it for a detector")
        path = train_detector(
            recipe,
            teacher=options.teacher,
            demographics=options.demographics,
            workers=max(1, options.workers),
            **given,
        )
    print(f"The trained network is {path}.")
    return 0
