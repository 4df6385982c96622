"""``python -m converter verify``: converted networks against the trained ones."""

import argparse
import sys
from dataclasses import replace

from converter.commands.options import (
    add_data,
    add_folder,
    add_limit,
    add_networks,
    public_test,
)
from converter.convert import ConversionError
from converter.precision import Precision
from training.commands.options import Commands


def add_to(commands: Commands) -> None:
    """Adds the command and its options."""
    parser = commands.add_parser(
        "verify",
        help="compare converted networks with the trained ones",
        description="Compares each converted network with the trained one on PublicTest: the same "
        "answers, the distance of the probabilities, the accuracy. Ends with 1 when a bound is "
        "missed. The usual bounds depend on the precision; an option replaces them for all.",
    )
    add_networks(parser)
    add_data(parser)
    add_folder(parser, "--variants", "of python -m converter convert")
    parser.add_argument(
        "--min-agreement",
        metavar="SHARE",
        type=float,
        help="least share of faces with the same answer (default: 0.95 for int8 and dynamic, "
        "0.99 int16, 0.995 float16, 0.999 float32)",
    )
    parser.add_argument(
        "--max-distance",
        metavar="SHARE",
        type=float,
        help="largest mean distance of probabilities, half the sum of absolute differences "
        "(default: 0.03 for int8 and dynamic, 0.01 int16, 0.005 float16, 0.001 float32)",
    )
    parser.add_argument(
        "--max-loss",
        metavar="POINTS",
        type=float,
        help="most percentage points of accuracy that may be lost (default: 0.3)",
    )
    parser.add_argument(
        "--layers",
        action="store_true",
        help="also print the error of every layer of the int8 and int16 networks",
    )
    add_limit(parser)
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Compares and prints; returns 1 where a bound is missed, else 0."""
    from converter import layers, verify
    from converter.variants import network_name, read_variants

    bounds = {
        precision: replace(
            usual,
            **{
                name: value
                for name, value in (
                    ("agreement", options.min_agreement),
                    ("distance", options.max_distance),
                    ("loss", None if options.max_loss is None else options.max_loss / 100),
                )
                if value is not None
            },
        )
        for precision, usual in verify.BOUNDS.items()
    }
    everything = {made.network: made for made in read_variants(options.variants)}
    for path in options.networks:
        if network_name(path) not in everything:
            raise ConversionError(
                f"{path}: expected variants of {network_name(path)} in {options.variants}, got "
                f"those of {', '.join(everything)}; convert it first"
            )
    faces = public_test(options.data, options.limit)
    verdicts = []
    tables = []
    for path in options.networks:
        made = everything[network_name(path)]
        verdicts += verify.verify(path, made, options.variants, faces, bounds)
        files = {v.precision: options.variants / v.file for v in made.variants if v.batch == 1}
        for precision in (Precision.INT8, Precision.INT16):
            if options.layers and {precision, Precision.FLOAT32} <= files.keys():
                errors = layers.layer_errors(
                    files[Precision.FLOAT32], files[precision], faces.faces_gray[:64]
                )
                tables.append(f"\n{made.network} {precision.value}\n\n{layers.markdown(errors)}")
    print(verify.markdown(verdicts), *tables, sep="\n")
    failed = [verdict for verdict in verdicts if verdict.failures]
    for verdict in failed:
        print(
            f"converter: {verdict.network} {verdict.precision.value}, batch {verdict.batch}: "
            f"{'; '.join(verdict.failures)}",
            file=sys.stderr,
        )
    return 1 if failed else 0
