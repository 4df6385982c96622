"""One RabbitMQ server on loopback, with ports, data and a log of its own."""

import os
import signal
import subprocess
from pathlib import Path
from typing import Final

from deploy.loopback import HOST, free_port

SERVER: Final = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""The server itself: what is on the path would change to another user first."""
_END_SECONDS: Final = 30
_UP: Final = b" completed with "


class RabbitmqNode:
    """A member of a cluster.

    Args:
        number: from 1 on; part of its name.
        port: where it speaks MQTT.
        folder: for its data and log.
        environment: what all members share.
        conf: lines of its configuration.
    """

    def __init__(
        self, number: int, port: int, folder: Path, environment: dict[str, str], conf: str
    ) -> None:
        self.number, self.port = number, port
        self.log = folder / "log"
        self._data, self._pid_file = folder / "data", folder / "pid"
        own = folder / "conf.d"
        own.mkdir(parents=True, exist_ok=True)
        (own / "node.conf").write_text(f"mqtt.listeners.tcp.default = {HOST}:{port}\n{conf}")
        self._environment = environment | {
            "RABBITMQ_NODENAME": node_name(number),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_CONFIG_FILES": str(own),
            "RABBITMQ_MNESIA_DIR": str(self._data),
            "RABBITMQ_FEATURE_FLAGS_FILE": str(folder / "feature_flags"),
            "RABBITMQ_LOG_BASE": str(folder),
            "RABBITMQ_PID_FILE": str(self._pid_file),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._log_begins = 0

    def __str__(self) -> str:
        return f"node {self.number}: mqtt://{HOST}:{self.port}"

    @property
    def is_new(self) -> bool:
        """Whether it has never run."""
        return not self._data.exists()

    @property
    def pid(self) -> int:
        """Of the server; what was started is a shell around it."""
        return int(self._pid_file.read_text())

    @property
    def started(self) -> bool:
        """Whether it runs, or has run and ended."""
        return self._process is not None

    @property
    def ended(self) -> bool:
        """Whether it has run and ended."""
        return self._process is not None and self._process.poll() is not None

    def start(self) -> None:
        """Starts it, for the first or another time."""
        with self.log.open("ab") as log:
            self._log_begins = log.tell()
            self._process = subprocess.Popen(
                [SERVER],
                cwd=self.log.parent,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C reaches only whoever started the cluster, and that ends the nodes.
                start_new_session=True,
            )

    def is_up(self) -> bool:
        """Whether it has started to the end: it listens before it knows who may come in."""
        with self.log.open("rb") as log:
            log.seek(self._log_begins)
            return _UP in log.read()

    def terminate(self) -> None:
        """Asks it to end."""
        if self._process is not None:
            self._process.terminate()

    def await_end(self) -> None:
        """Waits for its end, and forces it after a while."""
        if self._process is None:
            return
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def node_name(number: int) -> str:
    """The name by which the members know each other."""
    return f"classroom-{number}@localhost"
