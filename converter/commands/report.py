"""``python -m converter report``: a benchmark's results as a page."""

import argparse
from pathlib import Path

from converter.files import write_whole
from training.commands.options import Commands


def add_to(commands: Commands) -> None:
    """Adds the command and its options."""
    parser = commands.add_parser(
        "report",
        help="draw a benchmark's results",
        description="Writes one self-contained HTML page, accuracy against time with size as "
        "area, and the same as a Markdown table beside it.",
    )
    parser.add_argument(
        "results", metavar="FILE", type=Path, help="the CSV file of python -m converter benchmark"
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        type=Path,
        help="the page; the table is beside it as .md (default: the CSV file's name as .html)",
    )
    parser.add_argument(
        "--picture", metavar="FILE", type=Path, help="also write the picture alone, as PNG"
    )
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Writes page, table and, where asked for, picture; returns 0."""
    from converter.report import markdown, page, picture
    from converter.results import read_results

    results = read_results(options.results)
    out = options.out or options.results.with_suffix(".html")
    write_whole(out, page(results).encode())
    write_whole(out.with_suffix(".md"), markdown(results).encode())
    if options.picture:
        write_whole(options.picture, picture(results))
    files = [out, out.with_suffix(".md"), *([options.picture] if options.picture else [])]
    print(f"wrote {', '.join(map(str, files))}")
    return 0
