"""``python -m converter release``: a network for the agent, with its card."""

import argparse
from pathlib import Path

from converter.commands.options import add_calibration_list, add_measured, require_both
from converter.convert import ConversionError
from training import recipe as recipes
from training.commands.options import Commands


def add_to(commands: Commands) -> None:
    """Adds the command and its options."""
    parser = commands.add_parser(
        "release",
        help="write a network for the agent, with its card",
        description="Converts a trained network to full int8, calibrated on training pictures, or "
        "with --results picks the most accurate one within limits; fits its temperature or "
        "threshold on pictures set aside for that; measures it; and writes network and card.",
    )
    parser.add_argument(
        "recipe",
        metavar="RECIPE",
        nargs="?",
        help=f"the recipe it was trained by: {', '.join(recipes.names())}, or a YAML file "
        "(default with --results: the one called as the network)",
    )
    parser.add_argument(
        "--network",
        metavar="FILE",
        type=Path,
        required=True,
        nargs="+",
        help="the trained network.keras; with --results, all that may be picked",
    )
    add_measured(parser)
    parser.add_argument(
        "--name",
        metavar="NAME",
        help="of the released files (default: emotion_classifier or face_detector, which the "
        "agent takes by itself; another is named in its configuration)",
    )
    parser.add_argument(
        "--ferplus",
        metavar="FILE",
        type=Path,
        help="for a classifier: also measure it on FER+'s votes; one that learned from them alone "
        "needs them",
    )
    parser.add_argument(
        "--results",
        metavar="FILE",
        type=Path,
        help="pick from these results of python -m converter benchmark; needs --variants",
    )
    parser.add_argument(
        "--variants",
        metavar="FOLDER",
        type=Path,
        help="of python -m converter convert: what was benchmarked",
    )
    parser.add_argument(
        "--max-us",
        metavar="US",
        type=float,
        help="with --results: most microseconds a face on one thread",
    )
    parser.add_argument(
        "--max-kb", metavar="KB", type=float, help="with --results: largest file (10^3 bytes)"
    )
    parser.add_argument(
        "--min-accuracy",
        metavar="PERCENT",
        type=float,
        help="with --results: least share of right answers on PublicTest, in percent",
    )
    add_calibration_list(parser)
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Releases; returns 0."""
    from converter.release import release

    require_both(options)
    network, recipe, converted, command = options.network[0], options.recipe, None, options.typed
    if options.results is not None:
        network, converted, made_by = _picked(options)
        recipe = recipe or network.absolute().parent.name
        command = f"{made_by} && {command}"
    elif len(options.network) > 1 or recipe is None:
        raise ConversionError("expected RECIPE and one --network, or --results to pick from")
    path = release(
        recipe,
        network=network,
        data=options.data,
        out=options.out,
        name=options.name,
        votes=options.ferplus,
        video=options.video,
        truth=options.truth,
        demographics=options.demographics,
        command=command,
        calibration_list=options.calibration,
        converted=converted,
    )
    print(f"Released {path} with its card {path.with_suffix('.json').name}.")
    return 0


def _picked(options: argparse.Namespace) -> tuple[Path, Path, str]:
    """The trained file, the converted one, and the command that converted it."""
    from converter.pick import Limits, pick
    from converter.results import read_results
    from converter.variants import read_variants
    from converter.verify import network_of

    if options.variants is None:
        raise ConversionError("expected --variants with --results: the folder that was measured")
    least = None if options.min_accuracy is None else options.min_accuracy / 100
    row = pick(read_results(options.results), Limits(options.max_us, options.max_kb, least))
    for made in read_variants(options.variants):
        for variant in made.variants:
            if variant.sha256 == row.sha256:
                print(
                    f"Picked {row.name}: {row.accuracy or 0:.1%} right, {row.median_us:.0f} µs, "
                    f"{row.size_kb:.0f} kB."
                )
                network = network_of(made, options.network)
                return network, options.variants / variant.file, made.command
    raise ConversionError(
        f"{options.variants}: expected the measured {row.name}, SHA-256 {row.sha256[:16]}…, got "
        "other files; run the benchmark again"
    )
