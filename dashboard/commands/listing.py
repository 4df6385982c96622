"""``python -m dashboard gaps`` and ``rejected``: what the store knows of trouble."""

import argparse
from datetime import datetime, timedelta, timezone

from dashboard import lists
from dashboard.commands.options import add_store
from dashboard.store import Store


def add_gap_options(parser: argparse.ArgumentParser) -> None:
    """The options of ``gaps``."""
    add_store(parser)
    parser.add_argument(
        "--since",
        metavar="MOMENT",
        type=_moment,
        help="leave out what is older, such as 2026-01-31 or 2026-01-31T08:00:00Z; "
        "without it, what is older than a day",
    )


def gaps(options: argparse.Namespace) -> None:
    """Lists the windows that did not come.

    Raises:
        StoreError: when the store cannot be read.
    """
    since = options.since or datetime.now(timezone.utc) - timedelta(days=1)
    counts = Store(options.store)
    try:
        print(lists.gaps(counts.gaps(since)))
    finally:
        counts.close()


def rejected(options: argparse.Namespace) -> None:
    """Lists what was refused.

    Raises:
        StoreError: when the store cannot be read.
    """
    counts = Store(options.store)
    try:
        print(lists.rejected(counts.rejected()))
    finally:
        counts.close()


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"expected a moment such as 2026-01-31 or 2026-01-31T08:00:00Z, got {text!r}"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
