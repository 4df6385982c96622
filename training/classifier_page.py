"""A page about one classifier, or about the same one trained with several seeds."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from training.evaluate import ClassifierReport
from training.plots import draw_report

_SPLITS: Final = {
    "training": "the training split",
    "public_test": "PublicTest",
    "private_test": "PrivateTest",
}


def write(
    reports: Mapping[str, ClassifierReport],
    logs: Mapping[str, Path],
    *,
    split: str,
    new_faces: bool,
    command: str,
    file: Path,
) -> None:
    """Writes the page, and its picture beside it.

    Args:
        reports: by name; the first one's confusion is drawn.
        logs: ``log.csv`` by name, where it is known.
        split: that was measured on.
        new_faces: whether only those of its pictures were, of which no copy was learned.
        command: what made the page.
        file: in Markdown.
    """
    picture = file.with_suffix(".png")
    which = ", on those of its pictures of which no copy was learned" if new_faces else ""
    draw_report(reports, logs, picture)
    file.write_text(
        f"""# {", ".join(reports)}

Made by `{command}`. Do not edit.

Measured on {_SPLITS[split]} of FER-2013{which}, with 95 % intervals (Wilson).

![Confusion, calibration, accuracy by size, and the course of training]({picture.name})

{tables(reports)}
"""
    )


def tables(reports: Mapping[str, ClassifierReport]) -> str:
    """The tables of each, and what several have in common."""
    if len(reports) == 1:
        return next(iter(reports.values())).markdown()
    parts = [f"## {name}\n\n{report.markdown()}" for name, report in reports.items()]
    lines = ["| | mean | deviation |", "|---|---:|---:|"]
    for name, values in (
        ("right", [100 * report.right.value for report in reports.values()]),
        ("right at 24 px", [100 * report.by_size[24].value for report in reports.values()]),
        ("calibration error", [100 * report.calibration_error for report in reports.values()]),
    ):
        lines.append(f"| {name} | {np.mean(values):.2f} % | {np.std(values, ddof=1):.2f} points |")
    return "\n\n".join([*parts, f"## All {len(reports)}\n\n" + "\n".join(lines)])
