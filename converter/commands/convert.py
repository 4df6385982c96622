"""``python -m converter convert``: trained classifiers in every precision."""

import argparse

from converter import calibration
from converter.commands.options import (
    add_calibration_list,
    add_data,
    add_folder,
    add_networks,
)
from converter.convert import ConversionError
from converter.precision import USUAL, Precision
from training import fer2013
from training.commands.options import Commands


def add_to(commands: Commands) -> None:
    """Adds the command and its options."""
    parser = commands.add_parser(
        "convert",
        help="write trained classifiers in every precision",
        description="Converts trained emotion classifiers to TFLite in several precisions and "
        "batches, calibrated on pinned training pictures. A network is called after its file, or "
        "after its folder where the file is network.keras.",
    )
    add_networks(parser)
    add_data(parser)
    parser.add_argument(
        "--precision",
        metavar="NAME",
        nargs="+",
        type=Precision,
        choices=list(Precision),
        default=list(USUAL),
        help=f"which of {', '.join(p.value for p in Precision)}; the last needs the package "
        "litert-quantizer; int16, which nothing runs quickly, takes most of what verifying and "
        f"measuring take (default: {' '.join(p.value for p in USUAL)})",
    )
    parser.add_argument(
        "--batch",
        metavar="N",
        nargs="+",
        type=int,
        default=[1, 8],
        help="faces at a time; a file for each (default: 1 8)",
    )
    add_calibration_list(parser)
    add_folder(parser, "--out", "where to write")
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Converts; returns 0."""
    from converter.variants import network_name, write_variants

    if min(options.batch) < 1:
        raise ConversionError(f"expected --batch of at least 1, got {min(options.batch)}")
    names = [network_name(path) for path in options.networks]
    if len(set(names)) < len(names):
        raise ConversionError(
            f"expected networks of different names, got {', '.join(sorted(names))}; a network is "
            "called after its file, or its folder where the file is network.keras"
        )
    faces = calibration.faces(fer2013.load(options.data, "training"), options.calibration)
    for path in options.networks:
        made = write_variants(
            path,
            precisions=options.precision,
            batches=options.batch,
            faces=faces,
            calibration=options.calibration,
            out=options.out,
            command=options.typed,
        )
        for variant in made.variants:
            print(f"{options.out / variant.file}: {variant.size / 1000:.0f} kB")
    return 0
