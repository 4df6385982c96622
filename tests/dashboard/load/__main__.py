"""The command: ``python -m tests.dashboard.load``; a quarter of an hour."""

import argparse
import os
import sys
from datetime import datetime, timezone
from pathlib import Path

import psutil
import pytest

from tests.browser import require_chromium
from tests.dashboard.load import report
from tests.dashboard.load.measure import running_stage


def main() -> None:
    """Measures, prints the section, and writes it where asked."""
    parser = argparse.ArgumentParser(prog="python -m tests.dashboard.load", description=__doc__)
    parser.add_argument("--viewers", type=int, nargs="+", default=[1, 10, 25, 50])
    parser.add_argument("--updates", type=int, default=24, help="with each number of viewers")
    parser.add_argument("--every", type=float, default=5.0, help="seconds between updates")
    parser.add_argument("--long", type=int, default=10_000, help="updates of the memory's run")
    parser.add_argument("--long-viewers", type=int, default=10, help="viewers in that run")
    parser.add_argument("--a-second", type=float, default=50.0, help="updates a second in it")
    parser.add_argument("--beside", default="nothing else of weight", help="what else ran")
    parser.add_argument("--report", type=Path, help="the document to fill")
    options = parser.parse_args()
    require_chromium()
    before = os.getloadavg()[0]
    with running_stage() as stage:
        levels = [
            stage.level(viewers, options.updates * (2 if viewers == 1 else 1), options.every)
            for viewers in options.viewers
        ]
        long = stage.long(options.long_viewers, options.long, options.a_second)
    memory = psutil.virtual_memory().total / 2**30
    day = datetime.now(timezone.utc)
    machine = (
        f"one machine of {os.cpu_count()} cores and {memory:.0f} GiB, browser and broker "
        f"included,\non {day:%Y-%m-%d}. Beside it ran: {options.beside}; the load average before "
        f"was {before:.1f}.\nA window came every {options.every:g} s."
    )
    print(report.section(levels, long, machine))
    if options.report:
        report.write(options.report, levels, long, machine)


if __name__ == "__main__":
    try:
        main()
    except pytest.skip.Exception as reason:
        sys.exit(str(reason))
