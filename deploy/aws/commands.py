"""The options of the command ``aws``."""

import argparse
import logging
import signal
import socket
import sys
from pathlib import Path
from typing import Any, Final

_ACTIONS: Final = ("register", "revoke", "settings", "feed", "cost")


def add_commands(commands: Any) -> None:
    """Adds the command ``aws``."""
    command = commands.add_parser(
        "aws",
        usage="python -m deploy aws ACTION [SITE/DEVICE ...] [options]",
        help="AWS IoT Core as the broker",
        description="Works with the stacks of deploy/aws/. register SITE/DEVICE…: lets devices "
        "in that have a certificate of the school's authority. revoke SITE/DEVICE…: shuts them "
        "out at once. settings: prints the section mqtt of a device's configuration. feed: moves "
        "messages from the queue into the store, until it is told to end. cost: prints what a "
        "month costs on paper, and where each price was seen. docs/aws.md tells more.",
    )
    command.add_argument("action", metavar="ACTION", choices=_ACTIONS, help=", ".join(_ACTIONS))
    command.add_argument(
        "names", metavar="SITE/DEVICE", nargs="*", help="for register and revoke: the devices"
    )
    command.add_argument(
        "--certificates",
        metavar="FOLDER",
        type=Path,
        default=Path("certificates"),
        help="for register: the authority's, %(default)s without it",
    )
    command.add_argument(
        "--policy",
        metavar="NAME",
        default="classroom-device",
        help="for register: output Policy of the stack broker.yaml, %(default)s without it",
    )
    command.add_argument(
        "--thing-type",
        metavar="NAME",
        default="classroom-room",
        help="for register: output ThingType of the same stack, %(default)s without it",
    )
    command.add_argument("--queue", metavar="URL", help="for feed: output QueueUrl of that stack")
    command.add_argument(
        "--store", metavar="URL", help="for feed: postgresql://…; its password is in PGPASSWORD"
    )
    command.add_argument(
        "--keep-days",
        metavar="DAYS",
        type=_days,
        default=90,
        help="for feed: delete windows that are older, %(default)s without it",
    )
    command.set_defaults(run=_aws)


def _days(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 36_500:
        raise argparse.ArgumentTypeError(f"expected days from 1 to 36500, got {text!r}")
    return int(text)


def _aws(options: argparse.Namespace) -> int:
    from dashboard.store import StoreError
    from deploy.aws.errors import AwsError
    from deploy.certificates.names import CertificateError
    from deploy.certificates.private_files import FileError

    try:
        _run(options)
    except (AwsError, CertificateError, FileError, StoreError) as error:
        print(f"aws: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        print(
            f"aws: expected the package {error.name}, found none: pip install "
            "'classroom-emotion-counts[aws]'",
            file=sys.stderr,
        )
        return 2
    return 0


def _run(options: argparse.Namespace) -> None:
    from deploy.aws.errors import AwsError

    takes_names = options.action in ("register", "revoke")
    if takes_names != bool(options.names):
        expected = "at least one SITE/DEVICE" if takes_names else "no name"
        raise AwsError(f"{options.action}: expected {expected}, got {len(options.names)}")
    if options.action == "cost":
        from deploy.aws import cost, prices

        print(f"{cost.table()}\n\n{prices.table()}")
    elif options.action == "feed":
        _feed(options)
    else:
        _registry(options)


def _registry(options: argparse.Namespace) -> None:
    from deploy.aws import register
    from deploy.certificates.authority import Authority

    if options.action == "settings":
        print(register.device_settings(Path("/etc/edge-agent")), end="")
        return
    registry = register.Registry(
        Authority(options.certificates), policy=options.policy, thing_type=options.thing_type
    )
    for name in options.names:
        if options.action == "register":
            print(f"{name} may connect as {registry.register(name)}.")
        else:
            print(f"{name}: {registry.revoke(name)} certificate(s) switched off.")


def _feed(options: argparse.Namespace) -> None:
    from dashboard.store import Store
    from deploy.aws.errors import AwsError
    from deploy.aws.feed import Feeder

    if options.queue is None or options.store is None:
        raise AwsError("feed: expected --queue and --store, got fewer")
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    store = Store(options.store)
    name = f"feeder-{socket.gethostname()}"[:64]
    feeder = Feeder(store, options.queue, name=name, keep_days=options.keep_days)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: feeder.stop())
    try:
        feeder.run()
    finally:
        store.close()
