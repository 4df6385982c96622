"""A cluster of RabbitMQ nodes on loopback that speak MQTT and outlive one of them."""

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final

from deploy import logins
from deploy.certificates import private_files
from deploy.loopback import HOST, free_port, listens
from deploy.rabbitmq_node import SERVER, RabbitmqNode, node_name

_COMMON: Final = Path(__file__).with_name("rabbitmq")
_START_SECONDS: Final = 180


class ClusterError(Exception):
    """Why the cluster cannot run, in one sentence."""


def run(folder: Path, *, nodes: int, port: int, logins_file: Path | None = None) -> int:
    """Runs a cluster until SIGTERM or Ctrl-C; starts a node again that ends before.

    Args:
        folder: for the nodes' data and logs; made where it is missing.
        nodes: how many; the first listens on `port`, the next on the ports after it.
        logins_file: ``name:password`` lines; by default ``logins`` in the folder.

    Raises:
        ClusterError, LoginsError, FileError: when it cannot run.
    """
    told = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        told.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    _check(range(port, port + nodes))
    with contextlib.ExitStack() as stack:
        folder = folder.absolute()
        environment = _prepare(folder, logins_file or folder / "logins")
        members = _members(folder, nodes, port, environment)
        _start_names(environment, stack)
        for member in members:
            stack.callback(member.await_end)
        for member in members:
            # Before any end is awaited: nodes that end together save what they agreed on.
            stack.callback(member.terminate)
        _serve(members, told)
    _say("All nodes have ended.")
    return 0


def _serve(members: Sequence[RabbitmqNode], told: threading.Event) -> None:
    """Starts the nodes, and those that end again, until told to end."""
    first = members[0]
    # New nodes that start at once make the same users and topics, and stumble over each other.
    to_start = [first] if first.is_new else list(members)
    waiting: set[RabbitmqNode] = set()
    until = 0.0
    while not told.wait(0.1):
        for member in to_start:
            until = time.monotonic() + _START_SECONDS
            waiting.add(member)
            member.start()
        to_start = []
        for member in members:
            if member in waiting and member.is_up():
                waiting.remove(member)
                _say(f"{member} (process {member.pid})")
                to_start = [other for other in members if not other.started]
                if not waiting and not to_start:
                    _say(f"All {len(members)} nodes are up.   (Ctrl-C ends them)")
            elif member in waiting and (member.ended or time.monotonic() > until):
                raise ClusterError(f"{member} did not start; {member.log} says why")
            elif member.ended:
                _say(f"{member} has ended; it is started again")
                to_start.append(member)


def _check(ports: range) -> None:
    if not SERVER.exists() or shutil.which("epmd") is None:
        raise ClusterError(
            f"expected Debian's RabbitMQ at {SERVER}, found none: apt-get install rabbitmq-server"
        )
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError as error:
                raise ClusterError(
                    f"expected free ports from {ports[0]} to {ports[-1]}, got {port}: "
                    f"{error.strerror}; give others with --port"
                ) from error


def _prepare(folder: Path, logins_file: Path) -> dict[str, str]:
    """Writes what all nodes share, and returns their environment."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ClusterError(
            f"expected a folder that can be made, got {folder}: {error.strerror}; give another "
            "with --folder"
        ) from error
    definitions = json.dumps(logins.definitions(logins.read(logins_file)))
    private_files.write(folder / "definitions.json", definitions.encode())
    if not (folder / ".erlang.cookie").exists():
        private_files.write(folder / ".erlang.cookie", secrets.token_hex(32).encode())
    return os.environ | {
        "HOME": str(folder),  # where the cookie is that lets nodes in
        "ERL_CRASH_DUMP_SECONDS": "0",  # a dump would hold messages
        "ERL_EPMD_ADDRESS": HOST,
        "ERL_EPMD_PORT": str(free_port()),
        "RABBITMQ_CONF_ENV_FILE": os.devnull,
        "RABBITMQ_CONFIG_FILE": str(_COMMON / "rabbitmq.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(_COMMON / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(_COMMON / "enabled_plugins"),
    }


def _members(
    folder: Path, nodes: int, port: int, environment: dict[str, str]
) -> list[RabbitmqNode]:
    names = "".join(
        f"cluster_formation.classic_config.nodes.{number} = {node_name(number)}\n"
        for number in range(1, nodes + 1)
    )
    # One node tells the others.
    definitions = (
        "definitions.import_backend = local_filesystem\n"
        f"definitions.local.path = {folder / 'definitions.json'}\n"
        "definitions.skip_if_unchanged = true\n"
    )
    return [
        RabbitmqNode(
            number,
            port + number - 1,
            folder / f"node-{number}",
            environment,
            names + (definitions if number == 1 else ""),
        )
        for number in range(1, nodes + 1)
    ]


def _start_names(environment: dict[str, str], stack: contextlib.ExitStack) -> None:
    """Starts the nodes' name server, which the stack ends.

    By itself, the first node would start one that outlives the cluster.
    """
    names = subprocess.Popen(
        ["epmd"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    stack.callback(names.wait)
    stack.callback(names.terminate)
    while names.poll() is None and not listens(int(environment["ERL_EPMD_PORT"])):
        time.sleep(0.02)


def _say(text: str) -> None:
    print(text, flush=True)
