"""``python -m tests.soak``, or ``make soak``: a day of the agent in an hour."""

import argparse
import shlex
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Final

import pytest
from tqdm import tqdm

from tests.soak.faults import Options
from tests.soak.outcome import live
from tests.soak.report import goals, write

_COUNTS: Final = {
    "camera_lost": (50, "the camera fails, gives nothing, or its process dies"),
    "camera_hung": (20, "a capture call, or the camera's process, stands still"),
    "broker_away": (20, "the broker ends for some seconds"),
    "clock_jumps": (20, "the clock is set an hour or a day forth or back, and right again"),
    "disk_full": (10, "there is no room for the outbox"),
    "good_reloads": (20, "SIGHUP with a good configuration"),
    "bad_reloads": (20, "SIGHUP with a bad configuration"),
    "hot_spells": (20, "the processor is hot or throttled"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Lives a day; 1 when a goal was missed or the agent did not outlive it, 2 when it cannot."""
    options = vars(_parser().parse_args(arguments))
    report: Path | None = options.pop("report")
    wishes = Options(**options)
    faults = sum(getattr(wishes, name) for name in _COUNTS)
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    try:
        with tqdm(total=faults, unit="fault", smoothing=0) as bar:
            outcome = live(wishes, folder, lambda done: bar.update(done - bar.n))
    except (PermissionError, pytest.skip.Exception) as error:
        print(f"soak: {error}", file=sys.stderr)
        return 2
    except AssertionError as error:
        print(f"soak: {error}\nsoak: what the agent wrote is in {folder}", file=sys.stderr)
        return 1
    met = goals(outcome)
    for goal, measured, reached in met:
        print(f"{'yes' if reached else 'NO ':3} {goal}: {measured}")
    if report is not None:
        command = shlex.join(("python", "-m", "tests.soak", *(arguments or sys.argv[1:])))
        write(outcome, wishes, command, report)
    shutil.rmtree(folder)
    return 0 if all(reached for _, _, reached in met) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.soak",
        description="Runs the agent, with a stand-in for its camera and its sensors, through what "
        "can go wrong in a day: afterwards it must still run, have lost no window, and need no "
        "more memory than before. As root, for a disk that can be full.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of what happens when")
    parser.add_argument("--minutes", type=float, default=60.0, metavar="M", help="at least so long")
    for name, (default, text) in _COUNTS.items():
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=int, default=default, metavar="N", help=text
        )
    parser.add_argument("--report", metavar="FILE", type=Path, help="write a page of Markdown")
    assert {field.name for field in fields(Options)} == {"seed", "minutes", *_COUNTS}
    return parser


if __name__ == "__main__":
    sys.exit(main())
