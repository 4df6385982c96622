"""``python -m dashboard record``: the recorder on the command line."""

import argparse
import logging
import re
import signal
from types import FrameType

from dashboard import broker, recorder
from dashboard.commands.options import UsageError, add_login, add_store, brokers
from dashboard.recorder import Recorder
from dashboard.store import Store


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    add_store(parser)
    parser.add_argument(
        "--broker",
        metavar="URL",
        action="append",
        help="mqtt://host:port on this machine, mqtts://host:port beyond it; once for each node "
        f"of a cluster, which are tried in turn (default: {broker.DEFAULT_URL})",
    )
    add_login(parser, "the recorder")
    parser.add_argument(
        "--client-id",
        metavar="ID",
        default=recorder.DEFAULT_CLIENT_ID,
        help="under this name the broker keeps messages while the recorder is away; "
        "one recorder a name",
    )
    parser.add_argument(
        "--share",
        metavar="GROUP",
        help="divide the windows among all recorders of this group, each with its own "
        "--client-id; the broker must know shared subscriptions",
    )
    parser.add_argument(
        "--keep-days",
        metavar="DAYS",
        type=int,
        default=recorder.DEFAULT_KEEP_DAYS,
        help="delete windows that are older",
    )


def run(options: argparse.Namespace) -> None:
    """Records until it is told to end.

    Raises:
        UsageError, BrokerError, StoreError: when it cannot begin.
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    if options.keep_days < 1 or options.keep_days > 36_500:
        raise UsageError(f"expected --keep-days from 1 to 36500, got {options.keep_days}")
    if not 1 <= len(options.client_id) <= 64:
        raise UsageError(f"expected a --client-id of 1 to 64 letters, got {options.client_id!r}")
    if options.share is not None and not re.fullmatch("[A-Za-z0-9-]{1,64}", options.share):
        raise UsageError(f"expected letters, digits and hyphens in --share, got {options.share!r}")
    where, *others = brokers(options, options.broker or [broker.DEFAULT_URL])
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
