"""``python -m training all``: many recipes within a budget."""

import argparse
import sys
from pathlib import Path

from training import plan
from training.commands.options import FER2013, Commands
from training.recipe import RecipeError


def add_to(commands: Commands) -> None:
    """Adds the command and its options."""
    parser = commands.add_parser(
        "all",
        help="train many recipes, several at a time, within a budget",
        description="Trains classifiers and their teachers first, several at a time on one "
        "device, into a folder for each, with what they say in terminal.txt. Given again, it goes "
        "on with what is not finished.",
    )
    parser.add_argument(
        "recipes",
        metavar="RECIPE",
        nargs="+",
        help="name of a recipe, with seeds where its own are not enough: emotion_student:1,2,3",
    )
    parser.add_argument("--data", metavar="PATH", type=Path, required=True, help=FER2013)
    parser.add_argument("--ferplus", metavar="FILE", type=Path, required=True, help="FER+'s votes")
    parser.add_argument(
        "--out", metavar="FOLDER", type=Path, required=True, help="folder for all runs"
    )
    parser.add_argument(
        "--budget-minutes",
        metavar="N",
        type=float,
        default=25.0,
        help="after so long what runs is ended; the next call goes on (default: 25)",
    )
    parser.add_argument(
        "--at-once", metavar="N", type=int, default=3, help="trainings side by side (default: 3)"
    )
    parser.add_argument(
        "--epochs", metavar="N", type=int, help="in place of each recipe's number of epochs"
    )
    parser.add_argument("--limit", metavar="N", type=int, help="use only N pictures, to try it out")
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Trains what is not finished; returns 1 where a training failed, else 0."""
    if options.at_once < 1 or options.budget_minutes <= 0:
        raise RecipeError("expected --at-once of at least 1 and --budget-minutes above 0")
    queue = plan.jobs(options.recipes, options.out)
    given = ["--data", str(options.data), "--ferplus", str(options.ferplus)]
    for name in ("epochs", "limit"):
        if getattr(options, name) is not None:
            given += [f"--{name}", str(getattr(options, name))]
    state = plan.carry_out(
        queue, given, at_once=options.at_once, budget_seconds=60 * options.budget_minutes
    )
    for folder, how in state.items():
        print(f"{folder}: {how}")
    failed = [folder for folder, how in state.items() if how == "failed"]
    if failed:
        print(f"training: {failed[0]}/terminal.txt says why it failed", file=sys.stderr)
    return 1 if failed else 0
