"""The commands about many devices: ``cluster`` and ``fleet``."""

import argparse
import sys
from pathlib import Path
from typing import Any

from deploy.numbers import number


def add_commands(commands: Any) -> None:
    """Adds each with its `run`: options -> exit code."""
    _add_cluster(commands)
    _add_fleet(commands)


def _add_cluster(commands: Any) -> None:
    cluster = commands.add_parser(
        "cluster",
        help="a cluster of RabbitMQ nodes on this machine",
        description="Runs a cluster of RabbitMQ nodes that speak MQTT, on 127.0.0.1 only, until "
        "SIGTERM or Ctrl-C. A node that ends before is started again.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    cluster.add_argument(
        "--folder", metavar="FOLDER", type=Path, default=Path("data/cluster"), help="for its data"
    )
    cluster.add_argument(
        "--nodes", metavar="N", type=number(1, 9), default=3, help="how many, best an odd number"
    )
    cluster.add_argument(
        "--port",
        metavar="PORT",
        type=number(1, 65_500),
        default=1883,
        help="of the first; the others follow it",
    )
    cluster.add_argument(
        "--logins",
        metavar="FILE",
        type=Path,
        help="lines of name:password, where a name is recorder or site/device; without it, the "
        "folder's own, which is made at the first start",
    )
    cluster.set_defaults(run=_cluster)


def _add_fleet(commands: Any) -> None:
    fleet = commands.add_parser(
        "fleet",
        help="thousands of simulated devices",
        description="Simulates devices that send made-up counts to a broker on this machine, with "
        "the agent's own code, and ends by itself. Exit code 1: something was lost.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    fleet.add_argument(
        "--devices", metavar="N", type=number(1, 15_000), default=1000, help="how many"
    )
    fleet.add_argument(
        "--rate",
        metavar="N",
        type=number(1, 20_000),
        default=200,
        help="windows a second of all devices together",
    )
    fleet.add_argument(
        "--seconds", metavar="N", type=number(1, 3600), default=60, help="for how long"
    )
    fleet.add_argument(
        "--broker", metavar="HOST:PORT", default="127.0.0.1:1883", help="on this machine"
    )
    fleet.add_argument(
        "--seed", metavar="N", type=number(0, 2**31), default=0, help="decides all numbers"
    )
    fleet.add_argument(
        "--check",
        metavar="URL",
        help="a recorder's store; waits until it has all, and compares every window",
    )
    fleet.set_defaults(run=_fleet)


def _cluster(options: argparse.Namespace) -> int:
    from deploy import cluster, logins
    from deploy.certificates import private_files

    try:
        return cluster.run(
            options.folder, nodes=options.nodes, port=options.port, logins_file=options.logins
        )
    except (cluster.ClusterError, logins.LoginsError, private_files.FileError) as error:
        print(f"cluster: {error}", file=sys.stderr)
        return 2


def _fleet(options: argparse.Namespace) -> int:
    from dashboard.database import StoreError
    from deploy.fleet import check
    from deploy.fleet import simulator as fleet
    from deploy.fleet.plan import Plan

    try:
        plan = Plan.of_rate(options.devices, options.rate, options.seconds, seed=options.seed)
        outcome = fleet.Fleet(plan, fleet.read_broker(options.broker)).run(progress=True)
        print(outcome)
        lost = outcome.acknowledged < outcome.offered
        if options.check is not None:
            check.await_all(options.check, plan)
            verdict = check.check(options.check, plan)
            print(f"store        {verdict.kept} windows kept: {verdict}")
            lost = lost or not verdict.clean
    except (fleet.FleetError, StoreError) as error:
        print(f"fleet: {error}", file=sys.stderr)
        return 2
    return 1 if lost else 0
