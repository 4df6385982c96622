"""``python -m dashboard show``: the pages on the command line."""

import argparse
import signal
from pathlib import Path
from types import FrameType

from dashboard import settings, timetable
from dashboard.commands.options import UsageError, add_accounts, add_login, add_store, brokers
from dashboard.login import oidc
from dashboard.login.accounts import Accounts
from dashboard.login.desk import Desk
from dashboard.login.oidc import Oidc
from dashboard.serving import LOOPBACK, Serving
from dashboard.settings import Settings
from dashboard.store import Store
from dashboard.texts import LANGUAGES


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    add_store(parser)
    parser.add_argument("--port", metavar="PORT", type=int, default=8501, help="port of the page")
    parser.add_argument(
        "--broker",
        metavar="URL",
        help="listen to this broker, mqtt://host:port on this machine or mqtts://host:port beyond "
        "it: numbers come at once, and devices can be paused; without it, the store is read twice "
        "a second",
    )
    add_login(parser, "the pages")
    parser.add_argument(
        "--timetable",
        metavar="FILE",
        type=Path,
        help="lessons with their names, rooms and hours (YAML), by which the lesson report finds "
        "them; without it, by when something was counted",
    )
    parser.add_argument(
        "--language",
        choices=list(LANGUAGES),
        help="language of the pages; without it, each browser's own where there is one",
    )

    parser.add_argument(
        "--address",
        metavar="IP",
        default=LOOPBACK,
        help="address to listen on; 0.0.0.0 is every one of this machine",
    )
    parser.add_argument(
        "--https-cert", metavar="FILE", type=Path, help="the page's own certificate (PEM)"
    )
    parser.add_argument("--https-key", metavar="FILE", type=Path, help="its private key (PEM)")
    parser.add_argument(
        "--behind-proxy",
        action="store_true",
        help="a proxy that alone reaches this address does TLS, and adds X-Forwarded-For",
    )
    add_accounts(parser)
    parser.add_argument(
        "--oidc-secrets",
        metavar="FILE",
        type=Path,
        help="secrets.toml with [auth], of the school's OpenID Connect provider, which then checks "
        "passwords; without it, Streamlit's usual files",
    )


def run(options: argparse.Namespace) -> None:
    """Serves the pages until it is told to end.

    Raises:
        UsageError, AccountsError, BrokerError, OidcError, ServingError, StoreError,
        TimetableError: when it cannot begin.
    """
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
    listened = brokers(options, [options.broker] if options.broker else [])
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


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _serve(serving: Serving, secrets: Path | None) -> None:
    from streamlit.web import cli  # heavy: only the page needs it

    from dashboard import style

    web = str(Path(__file__).parents[1] / "web.py")
    flags = (*serving.flags(secrets), *style.theme_flags())
    cli.main(["run", web, *flags], standalone_mode=False)
