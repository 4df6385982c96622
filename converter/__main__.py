"""The command line: ``python -m converter``."""

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from edge_agent.errors import EdgeAgentError
from edge_agent.model_card import RELEASED
from training import recipe as recipes
from training.fer2013 import DatasetError
from training.recipe import RecipeError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit code: 0, or 2 after one sentence on standard error."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Only TensorFlow converts, whatever the network was trained on.
    os.environ["KERAS_BACKEND"] = "tensorflow"
    typed = list(sys.argv[1:] if arguments is None else arguments)
    options = parser().parse_args(typed)
    if (options.video is None) != (options.truth is None):
        print("converter: expected --video and --truth together, got one of them", file=sys.stderr)
        return 2
    from converter.convert import ConversionError
    from converter.release import measure_released, release

    measuring = {"data": options.data, "video": options.video, "truth": options.truth}
    command = shlex.join(["python", "-m", "converter", *_without_folders(typed)])
    try:
        if options.command == "measure":
            path = measure_released(options.out, **measuring, command=command)
        else:
            path = release(
                options.recipe,
                network=options.network,
                out=options.out,
                **measuring,
                command=command,
            )
    except (ConversionError, DatasetError, RecipeError, EdgeAgentError) as error:
        print(f"converter: {error}", file=sys.stderr)
        return 2
    done = "Measured" if options.command == "measure" else "Released"
    print(f"{done} {path} with its card {path.with_suffix('.json').name}.")
    return 0


def parser() -> argparse.ArgumentParser:
    """The parser, which a test compares with the README."""
    top = argparse.ArgumentParser(
        prog="python -m converter",
        description="Turns trained networks into what the agent runs: int8 TFLite with a card.",
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND", dest="command")
    release = commands.add_parser(
        "release",
        help="convert a trained network to int8, measure it, and write its card",
        description="Converts a trained network to full int8, calibrated on training pictures; "
        "fits its temperature or threshold on pictures set aside for that; measures it; and "
        "writes network and card.",
    )
    release.add_argument(
        "recipe",
        metavar="RECIPE",
        help=f"the recipe it was trained by: {', '.join(recipes.names())}, or a YAML file",
    )
    release.add_argument(
        "--network", metavar="FILE", type=Path, required=True, help="the trained network.keras"
    )
    measure = commands.add_parser(
        "measure",
        help="choose the released detector's threshold anew, and measure it",
        description="Chooses the threshold of the released detector on the validation pictures, "
        "so that the number of faces is the least wrong; measures it; and writes both into its "
        "card. The network stays as it is.",
    )
    for command in (release, measure):
        _add_data(command)
    return top


def _add_data(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--data",
        metavar="PATH",
        type=Path,
        required=True,
        help="the data that the recipe trains on: a zip file or its folder",
    )
    command.add_argument(
        "--out",
        metavar="FOLDER",
        type=Path,
        default=RELEASED,
        help="folder of the released networks (default: the agent's own)",
    )
    command.add_argument(
        "--video", metavar="FILE", type=Path, help="for a detector: also measure it on this video"
    )
    command.add_argument(
        "--truth", metavar="FILE", type=Path, help="the video's true boxes: a line of JSON a frame"
    )


def _without_folders(typed: list[str]) -> list[str]:
    """The command as the documents write it: a card tells how, not where somebody keeps things."""
    return [
        f"runs/{Path(word).parent.name}/{Path(word).name}"
        if word.endswith(".keras")
        else Path(word).name
        for word in typed
    ]


if __name__ == "__main__":
    sys.exit(main())
