"""The command line: ``python -m dashboard COMMAND``."""

import argparse
import logging
import re
import signal
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import FrameType

from dashboard import broker, lists, recorder, settings, store, timetable
from dashboard.broker import Broker, BrokerError, read_broker
from dashboard.login import account_commands, oidc
from dashboard.login.accounts import ACCOUNTS_VARIABLE, Accounts, AccountsError, default_path
from dashboard.login.desk import Desk
from dashboard.login.oidc import Oidc, OidcError
from dashboard.recorder import Recorder
from dashboard.serving import LOOPBACK, Serving, ServingError
from dashboard.settings import Settings
from dashboard.store import Store, StoreError
from dashboard.texts import LANGUAGES
from dashboard.timetable import TimetableError


class UsageError(ValueError):
    """An option that cannot be used; one sentence says what to change."""


_REFUSALS = (
    AccountsError,
    BrokerError,
    OidcError,
    ServingError,
    StoreError,
    TimetableError,
    UsageError,
)


class _Help(argparse.ArgumentDefaultsHelpFormatter):
    """Shows an option's default where it has one."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return action.help if action.default in (None, False) else super()._get_help_string(action)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns 0 when it was told to end and 2 when it could not start."""
    options = parser().parse_args(arguments)
    command = {
        "record": _record,
        "show": _show,
        "accounts": account_commands.run,
        "gaps": _gaps,
        "rejected": _rejected,
    }
    try:
        command[options.command](options)
    except _REFUSALS as error:
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
        description=f"Serve the teacher's page on http://{LOOPBACK}. Ends on SIGTERM or Ctrl-C. "
        "Beyond this machine only with a login and TLS.",
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

    show.add_argument(
        "--address",
        metavar="IP",
        default=LOOPBACK,
        help="address to listen on; 0.0.0.0 is every one of this machine",
    )
    show.add_argument(
        "--https-cert", metavar="FILE", type=Path, help="the page's own certificate (PEM)"
    )
    show.add_argument("--https-key", metavar="FILE", type=Path, help="its private key (PEM)")
    show.add_argument(
        "--behind-proxy",
        action="store_true",
        help="a proxy that alone reaches this address does TLS, and adds X-Forwarded-For",
    )
    _add_accounts(show)
    show.add_argument(
        "--oidc-secrets",
        metavar="FILE",
        type=Path,
        help="secrets.toml with [auth], of the school's OpenID Connect provider, which then checks "
        "passwords; without it, Streamlit's usual files",
    )

    accounts = commands.add_parser(
        "accounts",
        help="say who may look at which rooms",
        description="Add, list, remove accounts, or give one a new password. With an account, "
        "the page asks for a login. A password is read from the terminal or a file.",
        formatter_class=_Help,
    )
    _add_accounts(accounts)
    account_commands.add_options(accounts)

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


def _add_accounts(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--accounts",
        metavar="FILE",
        type=Path,
        default=default_path(),
        help=f"file of the accounts; ${ACCOUNTS_VARIABLE} names another",
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
    secrets = oidc.find(options.oidc_secrets)
    accounts = Accounts(options.accounts)
    login: Desk | Oidc | None = None
    if secrets is not None:
        login = Oidc(accounts)
    elif accounts.all():
        login = Desk(options.accounts)
    serving = Serving(
        options.address,
        options.port,
        options.https_cert,
        options.https_key,
        options.behind_proxy,
        login is not None,
    )
    serving.check()
    listened = _brokers(options, [options.broker] if options.broker else [])
    entrance = ("tls_ca", "tls_cert", "tls_key", "username", "password_file")
    if not listened and any(getattr(options, name) is not None for name in entrance):
        raise UsageError("expected --broker URL with a login to it: add it")
    lessons = None if options.timetable is None else timetable.read(options.timetable)
    Store(options.store).close()
    serving.require_free_port()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)  # until the server has its own handlers
    settings.use(
        Settings(
            options.store,
            broker=next(iter(listened), None),
            timetable=lessons,
            language=options.language,
            login=login,
            serving=serving,
        )
    )
    _serve(serving, secrets)


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


def _serve(serving: Serving, secrets: Path | None) -> None:
    from streamlit.web import cli  # heavy: only the page needs it

    from dashboard import style

    web = str(Path(__file__).with_name("web.py"))
    flags = (*serving.flags(secrets), *style.theme_flags())
    cli.main(["run", web, *flags], standalone_mode=False)


if __name__ == "__main__":
    sys.exit(main())
