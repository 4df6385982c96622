"""The command line: ``python -m training``."""

import argparse
import os
import sys
from collections.abc import Sequence

from edge_agent.errors import EdgeAgentError
from training.commands import (
    average,
    compare,
    distill,
    evaluate,
    evaluate_detector,
    many,
    pack,
    train,
)
from training.fer2013 import DatasetError
from training.recipe import RecipeError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit code: 0, or 2 after one sentence on standard error."""
    # TensorFlow tells of every processor feature; set before anything imports it.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    options = parser().parse_args(arguments)
    try:
        return options.function(options)
    except (DatasetError, RecipeError, EdgeAgentError) as error:
        print(f"training: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("training: stopped; the same command goes on where it was", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """The parser, which a test compares with the README."""
    top = argparse.ArgumentParser(
        prog="python -m training",
        description="Trains and measures the face detector and the emotion classifiers. "
        "The networks run on the backend that $KERAS_BACKEND names: tensorflow, jax or torch.",
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for command in (train, distill, average, many, pack, evaluate, compare, evaluate_detector):
        command.add_to(commands)
    return top


if __name__ == "__main__":
    sys.exit(main())
