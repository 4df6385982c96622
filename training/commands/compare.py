"""``python -m training compare``: the page of all classifiers."""

import argparse
import itertools
import sys
from pathlib import Path

from training.commands.options import FER2013, Commands, command_without_folders


def add_to(commands: Commands) -> None:
    """Adds the command and its options."""
    parser = commands.add_parser(
        "compare",
        help="measure several classifiers in one run, and write docs/models.md",
        description="Measures .tflite and .keras classifiers, ensembles of them and the network "
        "of the package fer on the same pictures, and writes one page. PrivateTest is opened for "
        "networks with a card, and for others' only.",
    )
    parser.add_argument(
        "networks",
        metavar="FILE",
        type=Path,
        nargs="*",
        help="a .tflite or .keras classifier (default: the released one)",
    )
    parser.add_argument("--data", metavar="PATH", type=Path, required=True, help=FER2013)
    parser.add_argument("--ferplus", metavar="FILE", type=Path, help="FER+'s votes")
    parser.add_argument(
        "--wider",
        metavar="PATH",
        type=Path,
        help="WIDER FACE (a zip file or its folder), to measure as well how steady the answers are "
        "for the faces in its validation pictures",
    )
    parser.add_argument(
        "--ensemble",
        metavar="FILE",
        type=Path,
        nargs="+",
        action="append",
        default=[],
        help="classifiers whose mean answer is measured, too; may be repeated",
    )
    parser.add_argument(
        "--fer",
        metavar="FILE",
        type=Path,
        help="emotion_model_quantized.tflite of the package fer (default: of the installed one)",
    )
    parser.add_argument(
        "--open-private",
        action="store_true",
        help="open PrivateTest for all networks that are given: once, when they are published",
    )
    parser.add_argument(
        "--limit", metavar="N", type=int, help="use only N pictures of a split, to try it out"
    )
    parser.add_argument(
        "--report",
        metavar="FILE",
        type=Path,
        default=Path("docs/models.md"),
        help="the page to write, with its picture (default: docs/models.md)",
    )
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Measures and writes the page; returns 0."""
    from edge_agent.model_card import RELEASED
    from training import fer2013, models_page, networks, steadiness
    from training.compare import compare
    from training.peers import installed_fer

    given = options.networks or [RELEASED / "emotion_classifier.tflite"]
    paths = {path: networks.load(path) for path in [*given, *itertools.chain(*options.ensemble)]}
    measured = [paths[path] for path in given]
    measured += [networks.ensemble([paths[path] for path in some]) for some in options.ensemble]
    peer = options.fer or installed_fer()
    if peer is not None:
        measured.append(networks.fer(peer))
    opens = options.open_private or any(
        network.is_released or network.kind == "peer" for network in measured
    )
    compared = compare(
        measured,
        fer2013.load(options.data, "training"),
        fer2013.load(options.data, "public_test").some(options.limit),
        fer2013.load(options.data, "private_test").some(options.limit) if opens else None,
        options.ferplus,
        steadiness.load(options.wider) if options.wider else None,
        open_private=options.open_private,
    )
    models_page.write(
        compared, command=command_without_folders("training", sys.argv[1:]), file=options.report
    )
    print(f"wrote {options.report}")
    return 0
