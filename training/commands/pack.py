"""``python -m training pack``: FER-2013 in one small file."""

import argparse
from pathlib import Path

from training.commands.options import FER2013, Commands
from training.fer2013 import SPLITS


def add_to(commands: Commands) -> None:
    """Adds the command and its options."""
    parser = commands.add_parser(
        "pack",
        help="put FER-2013 into one small file, for a GPU host",
        description="Writes splits of FER-2013 into one file, as lossless WebP: 52 MB for the "
        "splits that training needs. Every command takes it in place of FER-2013.",
    )
    parser.add_argument("--data", metavar="PATH", type=Path, required=True, help=FER2013)
    parser.add_argument("--out", metavar="FILE", type=Path, required=True, help="the file to write")
    parser.add_argument(
        "--splits",
        nargs="+",
        choices=sorted(SPLITS),
        default=["training", "public_test"],
        help="which to pack (default: training public_test)",
    )
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Packs; returns 0."""
    from training.fer2013_pack import pack

    size = pack(options.data, options.splits, options.out)
    print(f"{options.out}: {size / 1e6:.1f} MB")
    return 0
