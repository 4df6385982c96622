"""``python -m tests.chaos``: breaks everything between device and database, and counts."""

import argparse
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tqdm import tqdm

from tests.chaos.databases import DATABASES
from tests.chaos.faults import Options
from tests.chaos.orchestrate import run
from tests.chaos.program import ChaosError
from tests.chaos.report import document, table


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the chaos; returns 0 when nothing was lost, doubled or altered, 1 when something was.

    2 says that it could not run to its end, 130 that Ctrl-C ended it.
    """
    options = vars(_parser().parse_args(arguments))
    report: Path | None = options.pop("report")
    wishes = Options(**options)
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    folder.chmod(0o755)  # PostgreSQL runs as a user of its own
    try:
        with tqdm(total=wishes.windows, unit="windows", smoothing=0) as bar:
            result = run(wishes, folder, lambda kept: bar.update(kept - bar.n))
    except ChaosError as error:
        print(f"chaos: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        shutil.rmtree(folder)
        return 130
    print(table(result))
    if report is not None:
        command = shlex.join(("python", "-m", "tests.chaos", *(arguments or sys.argv[1:])))
        report.write_text(document(result, wishes, command))
    if not result.verdict.clean:
        print(f"chaos: what the programs wrote is in {folder}", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description="Devices publish windows through links, a broker, a recorder and a database "
        "that break again and again; then what they counted is compared with what is stored.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    numbers = {
        "seed": (0, 1, "of windows and faults"),
        "windows": (1, 10_000, "of all devices"),
        "devices": (1, 20, "processes that publish"),
        "broker-kills": (0, 100, "kill -9 of Mosquitto"),
        "agent-kills": (0, 100, "kill -9 of a device"),
        "recorder-kills": (0, 20, "kill -9 of the recorder"),
        "database-stops": (0, 10, "SQLite locked, PostgreSQL killed -9"),
        "link-faults": (0, 200, "links dropped, stalled, half-opened, slowed, cut"),
    }
    for name, (least, default, text) in numbers.items():
        parser.add_argument(
            f"--{name}", metavar="N", type=_at_least(least), default=default, help=text
        )
    parser.add_argument(
        "--keep-seconds",
        metavar="S",
        type=float,
        default=4.0,
        help="outbox.keep_seconds of the devices; with 0, what a broker forgets is lost",
    )
    parser.add_argument("--store", choices=list(DATABASES), default="sqlite", help="database")
    parser.add_argument("--report", metavar="FILE", type=Path, help="write a page of Markdown")
    return parser


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"expected a number from {least} on, got {text!r}")
        return int(text)

    return number


if __name__ == "__main__":
    sys.exit(main())
