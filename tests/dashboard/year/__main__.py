"""The commands: ``python -m tests.dashboard.year load FOLDER``, then ``… open FOLDER``.

Loading takes half an hour and some 20 GB on the disk; it is kept, so that pages can be opened on
a machine that does nothing else, and again after a change. ``remove`` removes it.
"""

import argparse
from datetime import datetime, timezone
from pathlib import Path

from tests.dashboard.year import school, stores
from tests.dashboard.year.opening import measure, table, write


def main() -> None:
    """Does what is asked."""
    parser = argparse.ArgumentParser(prog="python -m tests.dashboard.year", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, purpose in (
        ("load", "fill both databases"),
        ("open", "open each page, and print the table"),
        ("remove", "remove both databases"),
    ):
        command = commands.add_parser(name, help=purpose, description=purpose)
        command.add_argument("folder", type=Path, help="of the databases")
        if name != "remove":
            command.add_argument("--kinds", nargs="+", choices=stores.NAMES, default=stores.NAMES)
        if name == "load":
            command.add_argument("--rooms", type=int, default=30)
            command.add_argument("--days", type=int, default=200, help="of school, 6 hours each")
        if name == "open":
            command.add_argument("--report", type=Path, help="a document with a place for it")
    options = parser.parse_args()
    folder: Path = options.folder
    now = datetime.now(timezone.utc).replace(microsecond=0)
    if options.command == "remove":
        for kind in stores.NAMES:
            stores.remove(folder, kind)
    elif options.command == "load":
        folder.mkdir(parents=True, exist_ok=True)
        for kind in options.kinds:
            stores.remove(folder, kind)
            with stores.store_in(folder, kind) as url:
                seconds = school.load(url, options.rooms, options.days, now)
            stores.keep(folder, kind, stores.Loaded(options.rooms, options.days, seconds))
    else:
        results = []
        for kind in options.kinds:
            told = stores.loaded(folder, kind)
            if told is None:
                parser.error(f"{folder} holds no {stores.NAMES[kind]} with a year: load it first")
            with stores.store_in(folder, kind) as url:
                now = datetime.now(timezone.utc).replace(microsecond=0)
                school.bring_up_to_date(url, told.rooms, now)
                results.append(measure(kind, url, told, folder))
        print(table(results))
        if options.report:
            write(options.report, results)


if __name__ == "__main__":
    main()
