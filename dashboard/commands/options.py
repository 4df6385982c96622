"""Options that several commands share, and how their help looks."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from dashboard import broker, store
from dashboard.broker import Broker, read_broker
from dashboard.login.accounts import ACCOUNTS_VARIABLE, default_path


class UsageError(ValueError):
    """An option that cannot be used; one sentence says what to change."""


class Help(argparse.ArgumentDefaultsHelpFormatter):
    """Shows an option's default where it has one."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return action.help if action.default in (None, False) else super()._get_help_string(action)


def add_store(parser: argparse.ArgumentParser) -> None:
    """Where the counts are."""
    parser.add_argument(
        "--store",
        metavar="URL",
        default=store.DEFAULT_URL,
        help="where the counts are kept: sqlite:///relative/path, sqlite:////absolute/path "
        "or postgresql://…",
    )


def add_accounts(parser: argparse.ArgumentParser) -> None:
    """Where the accounts are."""
    parser.add_argument(
        "--accounts",
        metavar="FILE",
        type=Path,
        default=default_path(),
        help=f"file of the accounts; ${ACCOUNTS_VARIABLE} names another",
    )


def add_login(parser: argparse.ArgumentParser, whose: str) -> None:
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


def brokers(options: argparse.Namespace, urls: Sequence[str]) -> list[Broker]:
    """The brokers of these URLs, each with the login that was given.

    Raises:
        BrokerError: when one cannot be used.
    """
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
