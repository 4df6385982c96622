"""``python -m converter measure``: the released detector's threshold anew."""

import argparse

from converter.commands.options import add_measured, require_both
from training.commands.options import Commands


def add_to(commands: Commands) -> None:
    """Adds the command and its options."""
    parser = commands.add_parser(
        "measure",
        help="choose the released detector's threshold anew, and measure it",
        description="Chooses the threshold of the released detector on the validation pictures, "
        "so that the number of faces is least wrong on average; measures it; and writes both into "
        "its card. The network stays as it is.",
    )
    add_measured(parser)
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Measures and changes the card; returns 0."""
    from converter.measure import measure_released

    require_both(options)
    path = measure_released(
        options.out,
        options.data,
        video=options.video,
        truth=options.truth,
        demographics=options.demographics,
        command=options.typed,
    )
    print(f"Measured {path} with its card {path.with_suffix('.json').name}.")
    return 0
