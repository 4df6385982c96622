"""The commands that measure and write a document: ``scale`` and ``capacity``."""

import argparse
import dataclasses
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from deploy.numbers import number

_MEASURED: Final = ("machine", "devices", "ceiling", "alone", "shared")
_CALCULATED: Final = ("window", "outbox", "years")
"""Names of the places in the document."""


def add_commands(commands: Any) -> None:
    """Adds each with its `run`: options -> exit code."""
    _add_scale(commands)
    _add_capacity(commands)


def _add_scale(commands: Any) -> None:
    scale = commands.add_parser(
        "scale",
        help="measure how many devices this machine serves",
        description="Measures a broker, a recorder and simulated devices on this machine, and "
        "writes tables and plots into a document. Takes about half an hour.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    scale.add_argument(
        "--seconds", metavar="N", type=number(2, 3600), default=60, help="of each run"
    )
    scale.add_argument(
        "--folder", metavar="FOLDER", type=Path, default=Path("data/scale"), help="for stores"
    )
    _add_document(scale)
    scale.set_defaults(run=_scale)


def _add_capacity(commands: Any) -> None:
    capacity = commands.add_parser(
        "capacity",
        help="what many rooms need in a year",
        description="Measures what one window takes in a store, in an outbox and on the wire, and "
        "writes into a document what many rooms need in a year. Takes about a minute.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    capacity.add_argument(
        "--rooms",
        metavar="N",
        type=number(1, 10_000_000),
        nargs="+",
        default=[1, 30, 10_000],
        help="how many, for a row each",
    )
    capacity.add_argument(
        "--seconds", metavar="N", type=number(1, 3600), default=5, help="length of a window"
    )
    capacity.add_argument(
        "--store",
        metavar="URL",
        help="an empty PostgreSQL store to measure, too; it is empty again afterwards",
    )
    _add_document(capacity)
    capacity.set_defaults(run=_capacity)


def _add_document(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--document",
        metavar="FILE",
        type=Path,
        default=Path("docs/scale.md"),
        help="where the figures stand between marks",
    )


def _scale(options: argparse.Namespace) -> int:
    from deploy.fleet import simulator as fleet
    from deploy.measure import document, processes, scale, scale_report

    def said(run: scale.Run) -> scale.Run:
        print(
            f"{run.devices} devices, {run.rate:.1f} windows a second: {run.verdict}; "
            f"{run.acknowledged_rate:.1f} acknowledged and {run.kept_rate:.1f} kept a second",
            flush=True,
        )
        return run

    try:
        document.check(options.document, _MEASURED)
        runs = [said(run) for run in scale.by_devices(options.folder, options.seconds)]
        rates = [
            runs[-1],
            *map(said, scale.ceiling(options.folder, options.seconds, start=runs[-1].rate + 500)),
        ]
        alone = scale.drain(options.folder, round(options.seconds * runs[-1].rate))
        shared = scale.shared(options.folder, scale.DEVICES[-1], runs[-1].rate, options.seconds)
        pictures = options.document.parent
        scale_report.plot_usage(runs, pictures / "scale-cpu-memory.png")
        scale_report.plot_ceiling(rates, pictures / "scale-ceiling.png")
        texts = (
            scale_report.machine(),
            scale_report.devices_table(runs),
            scale_report.ceiling_table(rates),
            scale_report.alone_line(alone),
            scale_report.shared_line(shared),
        )
        document.insert(options.document, dict(zip(_MEASURED, texts, strict=True)))
    except (document.DocumentError, fleet.FleetError, processes.ProcessError) as error:
        print(f"scale: {error}", file=sys.stderr)
        return 2
    clean = all(run.verdict.clean for run in runs) and shared.verdict.clean
    return 0 if clean else 1


def _capacity(options: argparse.Namespace) -> int:
    from dashboard.database import StoreError
    from deploy.fleet.plan import Plan
    from deploy.measure import capacity, document, footprint, processes, wire

    plan = Plan.of_rate(footprint.ROOMS, footprint.ROOMS / options.seconds, 1)
    plan = dataclasses.replace(plan, windows=footprint.STORED)
    try:
        document.check(options.document, _CALCULATED)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            stored = {"SQLite": footprint.stored(plan, f"sqlite:///{folder}/counts.db")}
            if options.store is not None:
                stored["PostgreSQL"] = footprint.stored(plan, options.store)
            measured = capacity.Footprint(
                stored, footprint.outbox(plan, folder), wire.measure(plan, folder)
            )
        texts = (
            capacity.one_window(measured),
            capacity.outbox_text(measured, options.seconds),
            capacity.years(measured, options.rooms, options.seconds),
        )
        print("\n\n".join(texts))
        document.insert(options.document, dict(zip(_CALCULATED, texts, strict=True)))
    except (
        document.DocumentError,
        footprint.FootprintError,
        processes.ProcessError,
        wire.WireError,
        StoreError,
    ) as error:
        print(f"capacity: {error}", file=sys.stderr)
        return 2
    return 0
