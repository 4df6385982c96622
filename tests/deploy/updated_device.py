"""A device for the tests of updates: its agent counts, and it takes what is published."""

import json
import os
import socket
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from packaging.version import Version

from deploy.updates.client import environment
from deploy.updates.client.installation import Installation
from edge_agent import state_file
from edge_agent.state_file import AgentState
from tests.deploy.updates import DEVICE, LONG_SECONDS, SITE, Publisher, Server, make_wheel
from tests.support import PATIENCE_SECONDS, await_true


class Device:
    """An installed agent that counts the sample scene, and a `systemctl` that restarts it.

    Args:
        folder: for all of it.
        broker: port of the broker.

    Attributes:
        when_restarted: called before the agent is started again.
    """

    def __init__(self, folder: Path, broker: int, version: str = "0.1.0") -> None:
        self.folder = folder
        self.when_restarted: Callable[[], None] = lambda: None
        for name in ("opt/releases", "run", "state", "bin"):
            (folder / name).mkdir(parents=True)
        self.installation = Installation(folder / "opt")
        self.install(version)
        self.config = folder / "config.yaml"
        self.config.write_text(
            yaml.safe_dump(
                {
                    "deployment": {"purpose": "a test", "site": SITE, "device": DEVICE},
                    "camera": {"source": "sample", "frames_per_second": 2.0},
                    "window": {"seconds": 1.0},
                    "mqtt": {"port": broker, "wait_for_broker": True},
                }
            )
        )
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(folder / "bin" / "socket"))
        self._socket.listen()
        self._write_systemctl()
        self._agent: subprocess.Popen[bytes] | None = None
        threading.Thread(target=self._serve, daemon=True).start()
        self._log = (folder / "agent.log").open("ab")
        self._start()

    def install(self, version: str) -> None:
        """As the installer does: a release, and the link."""
        wheel = make_wheel(self.folder / f"installed-{version}", version)
        environment.build(
            self.installation.path(Version(version)), [wheel], like=self.folder / "none"
        )
        self.installation.switch(Version(version))

    def settings(self, server: Server, publisher: Publisher, **more: Any) -> Path:
        """Writes the updater's settings, with a new memory.

        The device keeps the root that it was first given.
        """
        file = self.folder / "updates.yaml"
        root = publisher.folder / "root-of-device.json"
        if not root.exists():
            root.write_bytes(publisher.root.read_bytes())
        content = {
            "url": server.url,
            "patience_seconds": LONG_SECONDS,
            "root_file": str(root),
            "agent_config": str(self.config),
            "install_folder": str(self.folder / "opt"),
            "memory_folder": str(publisher.folder / "memory"),
            "agent_folders": [str(self.folder / "run")],
            "user": None,
            **more,
        }
        file.write_text(yaml.safe_dump(content))
        return file

    def start_update(self) -> subprocess.Popen[str]:
        updater = self.folder / "opt" / "updater"
        python = (updater if updater.exists() else self.folder / "opt" / "current") / "bin/python"
        return subprocess.Popen(
            [
                *(str(python), "-m", "deploy.updates.client", "run"),
                *("--config", str(self.folder / "updates.yaml")),
            ],
            cwd="/",
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def update(self) -> tuple[int, str]:
        """Runs the updater; its exit code and its one sentence."""
        process = self.start_update()
        said, refused = process.communicate(timeout=2 * LONG_SECONDS)
        sentence = (said + refused).strip()
        assert "Traceback" not in sentence, sentence
        assert sentence.count("\n") == 0, sentence
        return process.returncode, sentence

    def memory(self, publisher: Publisher) -> dict[str, Any]:
        content = json.loads((publisher.folder / "memory" / "memory.json").read_text())
        assert isinstance(content, dict)
        return content

    def state(self) -> AgentState | None:
        return state_file.read([self.folder / "run"])

    def await_counting(self, version: str) -> None:
        def counts() -> bool:
            state = self.state()
            return state is not None and state.proven and state.agent == version

        await_true(counts, patience=LONG_SECONDS)

    def log(self) -> str:
        return (self.folder / "agent.log").read_text()

    def end(self) -> None:
        self._socket.close()
        self._stop()
        self._log.close()

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            # What the wheels of a real release would bring.
            "PYTHONPATH": sysconfig.get_path("purelib"),
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "RUNTIME_DIRECTORY": str(self.folder / "run"),
            "STATE_DIRECTORY": str(self.folder / "state"),
        }

    def _start(self) -> None:
        python = self.folder / "opt" / "current" / "bin" / "python"
        self._agent = subprocess.Popen(
            [str(python), "-m", "edge_agent", "run", "--config", str(self.config)],
            cwd="/",
            env=self._environment(),
            stderr=self._log,
        )

    def _stop(self) -> None:
        if self._agent is not None:
            self._agent.terminate()
            try:
                self._agent.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                self._agent.kill()
                self._agent.wait()

    def _write_systemctl(self) -> None:
        script = self.folder / "bin" / "systemctl"
        script.write_text(
            f"#!{sys.executable}\n"
            "import socket, sys\n"
            "if sys.argv[1] == 'restart':\n"
            "    connection = socket.socket(socket.AF_UNIX)\n"
            f"    connection.connect({str(self.folder / 'bin' / 'socket')!r})\n"
            "    connection.recv(1)\n"
        )
        script.chmod(0o755)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self.when_restarted()
                self._stop()
                self._start()


@contextmanager
def running_device(folder: Path, broker: int) -> Iterator[Device]:
    """A device whose agent counts, ended with the block."""
    device = Device(folder, broker)
    try:
        device.await_counting("0.1.0")
        yield device
    finally:
        device.end()
