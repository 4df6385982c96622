"""What several commands share."""

import argparse
from pathlib import Path

from converter.calibration import PINNED
from converter.convert import ConversionError
from edge_agent.model_card import RELEASED
from training import fer2013
from training.fer2013 import FaceSet


def add_measured(command: argparse.ArgumentParser) -> None:
    """Where released networks are, and what they are measured on."""
    add_data(command)
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
    command.add_argument(
        "--demographics",
        metavar="FILE",
        type=Path,
        help="for a detector: CSV of widerface-demographics, to measure who is found less",
    )


def add_networks(command: argparse.ArgumentParser) -> None:
    """The trained networks."""
    command.add_argument(
        "networks", metavar="NETWORK.keras", type=Path, nargs="+", help="trained networks"
    )


def add_data(command: argparse.ArgumentParser) -> None:
    """The pictures."""
    command.add_argument(
        "--data",
        metavar="PATH",
        type=Path,
        required=True,
        help="the data that the network is trained on: a zip file or its folder",
    )


def add_folder(command: argparse.ArgumentParser, option: str, what: str) -> None:
    """Where variants are."""
    command.add_argument(
        option,
        metavar="FOLDER",
        type=Path,
        default=Path("build/variants"),
        help=f"{what} (default: build/variants)",
    )


def add_calibration_list(command: argparse.ArgumentParser) -> None:
    """Which pictures choose the ranges."""
    command.add_argument(
        "--calibration",
        metavar="FILE",
        type=Path,
        default=PINNED,
        help="a classifier's list of calibration pictures (default: the project's 500)",
    )


def add_limit(command: argparse.ArgumentParser) -> None:
    """How many pictures a trial takes."""
    command.add_argument(
        "--limit", metavar="N", type=int, help="use only N pictures, for a trial (default: all)"
    )


def require_both(options: argparse.Namespace) -> None:
    """Refuses a video without its truth.

    Raises:
        ConversionError: then.
    """
    if (options.video is None) != (options.truth is None):
        raise ConversionError("expected --video and --truth together, got one of them")


def public_test(data: Path, limit: int | None) -> FaceSet:
    """PublicTest, or some of it for a trial."""
    return fer2013.load(data, "public_test").some(limit)
