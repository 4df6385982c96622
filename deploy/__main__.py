"""The command line: ``python -m deploy COMMAND``."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deploy import scaling
from deploy.aws import commands as aws
from deploy.certificates import commands as certificates
from deploy.device import commands as device
from deploy.first_boot import commands as first_boot
from deploy.measure import commands as measuring
from deploy.updates import commands as updates
from edge_agent.errors import EdgeAgentError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit code: 0, or 2 after one sentence on standard error."""
    options = parser().parse_args(arguments)
    return int(options.run(options))


def parser() -> argparse.ArgumentParser:
    """The parser, which a test compares with the README."""
    top = argparse.ArgumentParser(
        prog="python -m deploy", description="Runs the parts of the system together."
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    # Each function adds one command and sets its `run`: options -> exit code.
    _add_demo(commands)
    _add_broker(commands)
    scaling.add_commands(commands)
    measuring.add_commands(commands)
    certificates.add_certificates(commands)
    certificates.add_mosquitto(commands)
    device.add_commands(commands)
    first_boot.add_commands(commands)
    updates.add_commands(commands)
    aws.add_commands(commands)
    return top


def _add_demo(commands: Any) -> None:
    demo = commands.add_parser(
        "demo",
        help="everything on this machine, in one terminal",
        description="Starts a broker, the recorder, the teacher's page and the agent on this "
        "machine, on loopback addresses only. Ctrl-C ends all of it.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    demo.add_argument(
        "--source",
        metavar="FILE|DEVICE|URL",
        help="what the agent watches; without it, the camera if there is one, else a sample scene",
    )
    demo.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        help="configuration of the agent; its broker is replaced by the demo's",
    )
    demo.add_argument(
        "--store", metavar="URL", default="sqlite:///data/counts.db", help="the recorder's store"
    )
    demo.add_argument(
        "--mqtt-port", metavar="PORT", type=_port, default=1883, help="when taken, the next free"
    )
    demo.add_argument(
        "--page-port", metavar="PORT", type=_port, default=8501, help="when taken, the next free"
    )
    demo.set_defaults(run=_demo)


def _add_broker(commands: Any) -> None:
    broker = commands.add_parser(
        "broker",
        help="the demo's broker alone",
        description="Serves MQTT 3.1.1 on 127.0.0.1 without a login. For demos only.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    broker.add_argument(
        "--port", metavar="PORT", type=_port, default=1883, help="port on 127.0.0.1"
    )
    broker.set_defaults(run=_broker)


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"expected a port from 1 to 65535, got {text!r}")
    return int(text)


def _demo(options: argparse.Namespace) -> int:
    from deploy import demo

    wishes = {key: value for key, value in vars(options).items() if key not in ("command", "run")}
    try:
        return demo.run(demo.Options(**wishes))
    except (demo.DemoError, EdgeAgentError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 2


def _broker(options: argparse.Namespace) -> int:
    import logging

    from deploy import broker

    # amqtt logs what it raises as well; the sentence below is enough.
    logging.disable(logging.CRITICAL)
    try:
        broker.serve(options.port)
    except Exception as error:
        # amqtt wraps a taken port in an error of its own.
        print(
            f"broker: expected a free port, got {options.port}: {error.__cause__ or error}; end "
            "the program that uses it, or give another with --port",
            file=sys.stderr,
        )
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
