"""The whole system on one machine, in one terminal: broker, recorder, page and agent."""

import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import yaml

from edge_agent import config

HOST = "127.0.0.1"
_START_SECONDS = 60
_END_SECONDS = 8


class DemoError(Exception):
    """Why the demo cannot run, in one sentence."""


@dataclass(frozen=True)
class Options:
    """What a demo is made of.

    Attributes:
        source: what the agent watches; None leaves it to the configuration.
        config: a configuration file, of which the broker is not used; None for defaults.
        store: URL of the recorder's store.
        mqtt_port, page_port: wished for; when taken, the next free one.
    """

    source: str | None
    config: Path | None
    store: str
    mqtt_port: int
    page_port: int


def run(options: Options) -> int:
    """Runs everything until Ctrl-C, SIGTERM, or until a part ends; returns the exit code.

    Raises:
        DemoError: when a part does not come up.
    """
    told_to_end = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told_to_end.set())
    mqtt_port = _free_port(options.mqtt_port, "broker")
    page_port = _free_port(options.page_port, "dashboard")
    with tempfile.TemporaryDirectory() as folder:
        settings = _write_config(options.config, mqtt_port, Path(folder) / "config.yaml")
        return _run(options, settings, mqtt_port, page_port, told_to_end)


def _run(
    options: Options, settings: Path, mqtt_port: int, page_port: int, told: threading.Event
) -> int:
    parts: list[_Part] = []

    def start(name: str, *arguments: str, ready: Callable[[], bool] | None = None) -> None:
        parts.append(_Part(name, [sys.executable, "-m", *arguments]))
        if ready is not None:
            _await(ready, parts[-1], told)

    agent = ["edge_agent", "run", "--demo", "--loop", "--config", str(settings)]
    if options.source is not None:
        agent += ["--source", options.source]
    broker_url = f"mqtt://{HOST}:{mqtt_port}"
    try:
        start("broker", "deploy", "broker", "--port", str(mqtt_port), ready=_listens(mqtt_port))
        start("recorder", "dashboard", "record", "--broker", broker_url, "--store", options.store)
        start("agent", *agent)
        page = ["dashboard", "show", "--port", str(page_port), "--store", options.store]
        page += ["--broker", broker_url]
        start("page", *page, ready=_listens(page_port))
        if not told.is_set():
            _say(f"The page is on http://{HOST}:{page_port}   (Ctrl-C ends everything)")
        while not told.wait(0.2):
            for part in parts:
                if part.process.poll() is not None:
                    raise DemoError(
                        f"the {part.name} ended with exit code {part.process.returncode}; "
                        "its last lines above say why"
                    )
    finally:
        # The agent first, so that its "offline" still reaches the recorder.
        for name in ("agent", "page", "recorder", "broker"):
            for part in parts:
                if part.name == name:
                    part.end()
    _say("Everything has ended.")
    return 0


class _Part:
    """A child process whose lines appear with its name in front."""

    def __init__(self, name: str, command: list[str]) -> None:
        self.name = name
        # A session of its own: Ctrl-C reaches only us, and we end the parts in order.
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self._reader = threading.Thread(target=self._relay, args=(self.process.stdout,))
        self._reader.start()

    def _relay(self, lines: IO[str]) -> None:
        for line in lines:
            if line.strip():
                print(f"{self.name:>8} | {line.rstrip()}", flush=True)

    def end(self) -> None:
        """Ends the process, gently first."""
        self.process.terminate()
        try:
            self.process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join(_END_SECONDS)


def _await(ready: Callable[[], bool], part: _Part, told: threading.Event) -> None:
    until = time.monotonic() + _START_SECONDS
    while not ready() and not told.is_set():
        if part.process.poll() is not None:
            raise DemoError(f"the {part.name} did not start; its last lines above say why")
        if time.monotonic() > until:
            raise DemoError(f"the {part.name} did not answer within {_START_SECONDS} s")
        told.wait(0.05)


def _listens(port: int) -> Callable[[], bool]:
    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((HOST, port)) == 0

    return listens


def _free_port(wished: int, what: str) -> int:
    for port in range(wished, min(wished + 100, 65536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        if port != wished:
            _say(f"Port {wished} is taken; the {what} uses {port}.")
        return port
    raise DemoError(f"expected a free port for the {what} from {wished} on, found none")


def _write_config(given: Path | None, mqtt_port: int, path: Path) -> Path:
    settings = config.load(given) if given else config.Settings()
    content = settings.model_dump(mode="json")
    # The parts start together, so the agent may be there before its broker.
    content["mqtt"] = {"host": HOST, "port": mqtt_port, "wait_for_broker": True}
    path.write_text(yaml.safe_dump(content))
    return path


def _say(text: str) -> None:
    print(f"\n{text}\n", flush=True)
