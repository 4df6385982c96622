"""The command line: ``python -m converter``."""

import argparse
import os
import sys
from collections.abc import Sequence

from converter.calibration import CalibrationError
from converter.commands import benchmark, calibration, convert, measure, release, report, verify
from converter.convert import ConversionError
from converter.files import OutputError
from converter.workers import BenchmarkError
from edge_agent.errors import EdgeAgentError
from training.commands.options import command_without_folders
from training.fer2013 import DatasetError
from training.recipe import RecipeError

_ERRORS = (
    *(BenchmarkError, CalibrationError, ConversionError, DatasetError, OutputError, RecipeError),
    EdgeAgentError,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit code.

    0; 1 where `verify` or `benchmark --against` found something; 2 after one sentence on
    standard error; 130 when it was ended from the keyboard.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Only TensorFlow converts, whatever the network was trained on.
    os.environ["KERAS_BACKEND"] = "tensorflow"
    typed = list(sys.argv[1:] if arguments is None else arguments)
    options = parser().parse_args(typed)
    options.typed = command_without_folders("converter", typed)
    try:
        return options.function(options)
    except _ERRORS as error:
        print(f"converter: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("converter: stopped; files that were finished are whole", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """The parser, which a test compares with the documents."""
    top = argparse.ArgumentParser(
        prog="python -m converter",
        description="Turns trained networks into what the agent runs, proves that nothing was "
        "lost, and measures what it costs.",
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for command in (convert, calibration, verify, benchmark, report, release, measure):
        command.add_to(commands)
    return top


if __name__ == "__main__":
    sys.exit(main())
