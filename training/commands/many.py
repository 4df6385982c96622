"""``python -m training all``: recipes and all that they need first."""

import argparse
import math
import signal
import sys
from pathlib import Path

from training import plan
from training.commands.options import DATA, Commands
from training.fer2013 import DatasetError
from training.recipe import EmotionRecipe, RecipeError

_SOURCES = ("ferplus", "unlabelled", "teacher", "demographics")


def add_to(commands: Commands) -> None:
    """Adds the command and its options."""
    parser = commands.add_parser(
        "all",
        help="train recipes, and before them all that they need",
        description="Trains recipes, each into a folder of its own, with what it says in "
        "terminal.txt: first the networks that teach it, that it goes on from, or that it is the "
        "mean of. Given again, it goes on with what is not finished.",
    )
    parser.add_argument(
        "recipes",
        metavar="RECIPE",
        nargs="+",
        help="name of a recipe, with seeds where its own are not enough: emotion_student:1,2,3",
    )
    parser.add_argument("--data", metavar="PATH", type=Path, required=True, help=DATA)
    parser.add_argument(
        "--ferplus", metavar="FILE", type=Path, help="FER+'s votes, for most classifiers"
    )
    parser.add_argument(
        "--unlabelled",
        metavar="PATH",
        type=Path,
        help="WIDER FACE, for classifiers that also learn from faces without a label",
    )
    parser.add_argument(
        "--teacher", metavar="FILE", type=Path, help="YuNet's ONNX file, for most detectors"
    )
    parser.add_argument(
        "--demographics",
        metavar="FILE",
        type=Path,
        help="who is seen in WIDER FACE, for detectors that see more of some groups of people",
    )
    parser.add_argument(
        "--workers", metavar="N", type=int, help="threads that make a detector's crops (default: 1)"
    )
    parser.add_argument(
        "--out", metavar="FOLDER", type=Path, required=True, help="folder for all runs"
    )
    parser.add_argument(
        "--budget-minutes",
        metavar="N",
        type=float,
        default=math.inf,
        help="after so long what runs is ended; the next call goes on (default: no limit)",
    )
    parser.add_argument(
        "--at-once",
        metavar="N",
        type=int,
        default=1,
        help="trainings side by side, for a GPU that one does not fill (default: 1)",
    )
    parser.add_argument(
        "--epochs", metavar="N", type=int, help="in place of each recipe's number of epochs"
    )
    parser.add_argument("--limit", metavar="N", type=int, help="use only N pictures, to try it out")
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Trains what is not finished; returns 0 once all is, 1 or 143 (SIGTERM) otherwise."""
    if options.at_once < 1 or not options.budget_minutes > 0:
        raise RecipeError("expected --at-once of at least 1 and --budget-minutes above 0")
    if options.epochs is not None and options.epochs < 1:
        raise RecipeError(f"expected --epochs of at least 1, got {options.epochs}")
    queue = plan.jobs(
        options.recipes,
        options.out,
        epochs=options.epochs,
        is_finished=plan.Job.is_finished,
    )
    sources = {
        name: getattr(options, name) for name in _SOURCES if getattr(options, name) is not None
    }
    plan.check(queue, sources)
    if options.workers is not None and isinstance(queue[0].recipe, EmotionRecipe):
        raise RecipeError("expected --workers for a detector only, got it for a classifier")
    for path in (options.data, *sources.values()):
        if not path.exists():
            raise DatasetError(f"{path}: expected a file or a folder, got none")
    given = []
    for name in ("limit", "workers"):
        if getattr(options, name) is not None:
            given += [f"--{name}", str(getattr(options, name))]
    # Ended like this, it ends its trainings, too: two of them must not write into one folder. An
    # exception would do so, but not for the training that is just being started.
    received: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: received.append(number))
    state = plan.carry_out(
        queue,
        options.data,
        sources,
        given,
        at_once=options.at_once,
        budget_seconds=60 * options.budget_minutes,
        is_left=lambda: bool(received),
    )
    for folder, how in state.items():
        print(f"{folder}: {how}")
    failed = [folder for folder, how in state.items() if how == "failed"]
    if failed:
        print(f"training: {failed[0]}/terminal.txt says why it failed", file=sys.stderr)
        return 1
    if set(state.values()) != {"finished"}:
        print("training: not all is finished; the same command goes on", file=sys.stderr)
        return 128 + received[0] if received else 1
    return 0
