"""``python -m converter calibration``: a list of calibration pictures."""

import argparse
from pathlib import Path

from converter import calibration
from converter.commands.options import add_data
from converter.files import write_whole
from training import fer2013
from training.commands.options import Commands


def add_to(commands: Commands) -> None:
    """Adds the command and its options."""
    parser = commands.add_parser(
        "calibration",
        help="draw a list of calibration pictures",
        description="Draws training pictures at random, as the data is, not balanced by emotion, "
        "and writes their names as CSV.",
    )
    add_data(parser)
    parser.add_argument(
        "--number", metavar="N", type=int, default=500, help="of pictures (default: 500)"
    )
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of the draw (default: 0)")
    parser.add_argument(
        "--out", metavar="FILE", type=Path, required=True, help="where to write the list"
    )
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Draws and writes the list; returns 0."""
    training = fer2013.load(options.data, "training")
    text = calibration.chosen(training, number=options.number, seed=options.seed)
    write_whole(options.out, text.encode())
    print(f"{options.out}: {options.number} pictures")
    return 0
