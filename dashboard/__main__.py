"""The command line: ``python -m dashboard COMMAND``."""

import argparse
import logging
import re
import signal
import socket
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import FrameType

from dashboard import broker, lists, recorder, settings, store, timetable
from dashboard.broker import Broker, BrokerError, read_broker
from dashboard.recorder import Recorder
from dashboard.settings import Settings
from dashboard.store import Store, StoreError
from dashboard.texts import LANGUAGES
from dashboard.timetable import TimetableError

HOST = "127.0.0.1"


class UsageError(ValueError):
    """An option that cannot be used; one sentence says what to change."""


class _Help(argparse.ArgumentDefaultsHelpFormatter):
    """Shows an option's default where it has one."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return action.help if action.default is None else super()._get_help_string(action)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns 0 when it was told to end and 2 when it could not start."""
    options = parser().parse_args(arguments)
    command = {"record": _record, "show": _show, "gaps": _gaps, "rejected": _rejected}
    try:
        command[options.command](options)
    except (BrokerError, StoreError, TimetableError, UsageError) as error:
        print(f"{options.command}: {error}", file=sys.stderr)
        return 2
    return 0


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dashboard", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    record = commands.add_parser(
        "record",
        help="listen to the devices and keep their counts",
        description="Listen to the devices on MQTT and keep their counts. Ends on SIGTERM or "
        "Ctrl-C; waits for a broker that is away.",
        formatter_class=_Help,
    )
    _add_store(record)
    record.add_argument(
        "--broker",
        metavar="URL",
        action="append",
        help="mqtt://host:port on this machine, mqtts://host:port beyond it; once for each node "
        f"of a cluster, which are tried in turn (default: {broker.DEFAULT_URL})",
    )
    _add_login(record, "the recorder")
    record.add_argument(
        "--client-id",
        metavar="ID",
        default=recorder.DEFAULT_CLIENT_ID,
        help="under this name the broker keeps messages while the recorder is away; "
        "one recorder a name",
    )
    record.add_argument(
        "--share",
        metavar="GROUP",
        help="divide the windows among all recorders of this group, each with its own "
        "--client-id; the broker must know shared subscriptions",
    )
    record.add_argument(
        "--keep-days",
        metavar="DAYS",
        type=int,
        default=recorder.DEFAULT_KEEP_DAYS,
        help="delete windows that are older",
    )

    show = commands.add_parser(
        "show",
        help="serve the teacher's page",
        description=f"Serve the teacher's page on http://{HOST}. Ends on SIGTERM or Ctrl-C.",
        formatter_class=_Help,
    )
    _add_store(show)
    show.add_argument("--port", metavar="PORT", type=int, default=8501, help="port of the page")
    show.add_argument(
        "--broker",
        metavar="URL",
        help="listen to this broker, mqtt://host:port on this machine or mqtts://host:port beyond "
        "it: numbers come at once, and devices can be paused; without it, the store is read twice "
        "a second",
    )
    _add_login(show, "the pages")
    show.add_argument(
        "--timetable",
        metavar="FILE",
        type=Path,
        help="lessons with their names, rooms and hours (YAML), by which the lesson report finds "
        "them; without it, by when something was counted",
    )
    show.add_argument(
        "--language",
        choices=list(LANGUAGES),
        help="language of the pages; without it, each browser's own where there is one",
    )

    gaps = commands.add_parser(
        "gaps",
        help="list the windows that did not come",
        description="List the windows that devices counted and that are not in the store, "
        "between others that are. A replay may still bring them. Moments are in UTC.",
        formatter_class=_Help,
    )
    _add_store(gaps)
    gaps.add_argument(
        "--since",
        metavar="MOMENT",
        type=_moment,
        help="leave out what is older, such as 2026-01-31 or 2026-01-31T08:00:00Z; "
        "without it, what is older than a day",
    )

    rejected = commands.add_parser(
        "rejected",
        help="list what was refused, and why",
        description="List how many messages were refused, by kind and cause, with the newest "
        "reason. Moments are in UTC.",
        formatter_class=_Help,
    )
    _add_store(rejected)
    return parser


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"expected a moment such as 2026-01-31 or 2026-01-31T08:00:00Z, got {text!r}"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _add_store(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--store",
        metavar="URL",
        default=store.DEFAULT_URL,
        help="where the counts are kept: sqlite:///relative/path, sqlite:////absolute/path "
        "or postgresql://…",
    )


def _add_login(parser: argparse.ArgumentParser, whose: str) -> None:
    """How to enter the broker that ``--broker`` names."""
    parser.add_argument(
        "--tls-ca",
        metavar="FILE",
        type=Path,
        help="certificate authorities (PEM) to trust in place of the system's; turns TLS on",
    )
    parser.add_argument(
        "--tls-cert",
        metavar="FILE",
        type=Path,
        help=f"{whose}'s own certificate (PEM), where the broker asks for one",
    )
    parser.add_argument(
        "--tls-key",
        metavar="FILE",
        type=Path,
        help="its private key (PEM); without it, both are in the file of --tls-cert",
    )
    parser.add_argument("--username", metavar="NAME", help="name that the broker knows")
    parser.add_argument(
        "--password-file",
        metavar="FILE",
        type=Path,
        help=f"file with the password; without it, ${broker.PASSWORD_VARIABLE}",
    )


def _brokers(options: argparse.Namespace, urls: Sequence[str]) -> list[Broker]:
    return [
        read_broker(
            url,
            tls_ca=options.tls_ca,
            tls_cert=options.tls_cert,
            tls_key=options.tls_key,
            username=options.username,
            password_file=options.password_file,
        )
        for url in urls
    ]


def _record(options: argparse.Namespace) -> None:
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    if options.keep_days < 1 or options.keep_days > 36_500:
        raise UsageError(f"expected --keep-days from 1 to 36500, got {options.keep_days}")
    if not 1 <= len(options.client_id) <= 64:
        raise UsageError(f"expected a --client-id of 1 to 64 letters, got {options.client_id!r}")
    if options.share is not None and not re.fullmatch("[A-Za-z0-9-]{1,64}", options.share):
        raise UsageError(f"expected letters, digits and hyphens in --share, got {options.share!r}")
    where, *others = _brokers(options, options.broker or [broker.DEFAULT_URL])
    if any((other.tls is None) != (where.tls is None) for other in others):
        raise UsageError("expected TLS for every --broker or for none, got both")
    counts = Store(options.store)
    try:
        running = Recorder(
            counts,
            where,
            others=others,
            client_id=options.client_id,
            share=options.share,
            keep_days=options.keep_days,
        )

        def end(_number: int, _frame: FrameType | None) -> None:
            running.stop()

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        running.run()
    finally:
        counts.close()


def _show(options: argparse.Namespace) -> None:
    if not 1 <= options.port <= 65_535:
        raise UsageError(f"expected --port from 1 to 65535, got {options.port}")
    listened = _brokers(options, [options.broker] if options.broker else [])
    login = ("tls_ca", "tls_cert", "tls_key", "username", "password_file")
    if not listened and any(getattr(options, name) is not None for name in login):
        raise UsageError("expected --broker URL with a login to it: add it")
    lessons = None if options.timetable is None else timetable.read(options.timetable)
    Store(options.store).close()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, options.port))
        except OSError as error:
            raise UsageError(
                f"expected a free --port, got {options.port} ({error.strerror}): "
                "end the program that uses it, or give another"
            ) from error
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)  # until the server has its own handlers
    settings.use(
        Settings(
            options.store,
            broker=next(iter(listened), None),
            timetable=lessons,
            language=options.language,
        )
    )
    _serve(options.port)


def _gaps(options: argparse.Namespace) -> None:
    since = options.since or datetime.now(timezone.utc) - timedelta(days=1)
    counts = Store(options.store)
    try:
        print(lists.gaps(counts.gaps(since)))
    finally:
        counts.close()


def _rejected(options: argparse.Namespace) -> None:
    counts = Store(options.store)
    try:
        print(lists.rejected(counts.rejected()))
    finally:
        counts.close()


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _serve(port: int) -> None:
    from streamlit.runtime.pages_manager import PagesManager
    from streamlit.web import cli  # heavy: only the page needs it

    from dashboard import style

    # Else the first visitor of a page's address is told that there is none, for the menu is not
    # known before the first visit.
    PagesManager.uses_pages_directory = False

    flags = (
        f"--server.address={HOST}",
        f"--server.port={port}",
        "--server.headless=true",
        "--server.fileWatcherType=none",
        "--runner.magicEnabled=false",
        "--browser.gatherUsageStats=false",
        "--client.toolbarMode=minimal",
        "--client.showErrorDetails=none",
        *style.theme_flags(),
    )
    app = str(Path(__file__).with_name("app.py"))
    cli.main(["run", app, *flags], standalone_mode=False)


if __name__ == "__main__":
    sys.exit(main())
