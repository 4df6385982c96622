"""What the tests of updates share: a publisher, a web server, and a device whose agent counts."""

import contextlib
import functools
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import threading
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml
from packaging.version import Version

from deploy.__main__ import main
from deploy.updates.client import environment
from deploy.updates.client.installation import Installation, architecture, python_version
from deploy.updates.publisher.keys import KeyFolder
from deploy.updates.publisher.repository import Repository
from edge_agent import __version__, state_file
from edge_agent.state_file import AgentState
from tests.support import PATIENCE_SECONDS, REPOSITORY, await_true

SITE, DEVICE = "my-school", "room-101"
LONG_SECONDS = 10 * PATIENCE_SECONDS
"""For an agent to start and count on a machine that does much else."""
_PARTS = ("edge_agent", "deploy/certificates", "deploy/updates")


def make_wheel(
    folder: Path,
    version: str,
    *,
    tag: str = "py3-none-any",
    change: Callable[[str, bytes], bytes] = lambda name, content: content,
) -> Path:
    """A wheel of this project's device side, as it is here but for its version.

    Args:
        folder: is made; has this wheel alone.
        change: file name and content → another content.
    """
    folder.mkdir(parents=True)
    wheel = folder / f"classroom_emotion_counts-{version}-{tag}.whl"
    info = f"classroom_emotion_counts-{version}.dist-info"
    files = {"deploy/__init__.py": b""}
    for part in _PARTS:
        for file in (REPOSITORY / part).rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                files[str(file.relative_to(REPOSITORY))] = file.read_bytes()
    first = files["edge_agent/__init__.py"].decode()
    files["edge_agent/__init__.py"] = first.replace(f'"{__version__}"', f'"{version}"').encode()
    files = {name: change(name, content) for name, content in files.items()}
    files[f"{info}/METADATA"] = (
        f"Metadata-Version: 2.1\nName: classroom-emotion-counts\nVersion: {version}\n"
        "Provides-Extra: agent\nProvides-Extra: updates\n"
    ).encode()
    pure = str(tag.endswith("-any")).lower()
    files[f"{info}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: {pure}\nTag: {tag}\n"
    ).encode()
    record = "".join(
        f"{name},{_digest(content)},{len(content)}\n" for name, content in files.items()
    )
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return wheel


def never_counts(name: str, content: bytes) -> bytes:
    """A release whose agent runs, but publishes no window."""
    if name != "edge_agent/agent.py":
        return content
    start = b"    def _publish_window(self, span: Span) -> None:\n"
    assert start in content
    return content.replace(start, start + b"        return\n")


def another_network(name: str, content: bytes) -> bytes:
    """A release with a network that its card does not belong to."""
    return content + b"!" if name.endswith(".tflite") else content


class Publisher:
    """Keys and a repository, used as by hand.

    Args:
        folder: for all of it.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.repository = folder / "repository"
        self.run("init")

    def copy(self, folder: Path) -> "Publisher":
        """Another with the same keys and releases."""
        shutil.copytree(self.folder, folder)
        other = Publisher.__new__(Publisher)
        other.folder, other.repository = folder, folder / "repository"
        return other

    def run(self, *words: str) -> None:
        assert self.try_run(*words) == 0

    def try_run(self, *words: str) -> int:
        return main(
            [
                *("updates", words[0], *words[1:], "--repository", str(self.repository)),
                *("--keys", str(self.folder / "keys")),
                *("--root-keys", str(self.folder / "root-keys")),
            ]
        )

    def publish(self, version: str, *words: str, **wheel: Any) -> None:
        folder = self.folder / f"wheels-{version}"
        make_wheel(folder, version, **wheel)
        self.run("publish", "--wheels", str(folder), *platform(), *words)

    def signers(self) -> dict[str, Any]:
        keys = KeyFolder(self.folder / "keys", None)
        return {role: keys.read(role) for role in ("targets", "snapshot", "timestamp")}

    def restage(self, version: str, **changes: Any) -> None:
        """Signs something about a release that the command would not."""
        repository = Repository(self.repository)
        (release,) = (one for one in repository.releases() if one.version == version)
        custom = {**release.model_dump(mode="json"), **changes}
        repository.change(self.signers(), stages={release.manifest: custom})

    def expire(self) -> None:
        Repository(self.repository).refresh(self.signers(), days=-1)

    @property
    def root(self) -> Path:
        return Repository(self.repository).root_file

    def wheel(self) -> Path:
        """The newest wheel, where it is served."""
        files = (self.repository / "targets" / "wheels").iterdir()
        return max(files, key=lambda file: file.stat().st_mtime_ns)


def platform() -> tuple[str, ...]:
    return "--architecture", architecture(), "--python", python_version()


class Server:
    """A web server of a folder on loopback, which can be made to stumble.

    Attributes:
        cut: files ending so are sent by half.
        stall: files ending so are not sent before `go_on` is set; `asked` is set then.
    """

    def __init__(self, folder: Path, tls: Any = None) -> None:
        self.cut = self.stall = "nothing"
        self.asked, self.go_on = threading.Event(), threading.Event()
        outer = self

        class Handler(SimpleHTTPRequestHandler):
            def copyfile(self, source: Any, outputfile: Any) -> None:
                content = source.read()
                if self.path.endswith(outer.stall):
                    outer.asked.set()
                    outer.go_on.wait(LONG_SECONDS)
                if self.path.endswith(outer.cut):
                    content = content[: len(content) // 2]
                with contextlib.suppress(OSError):
                    outputfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Handler, directory=str(folder))
        )
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        scheme = "http" if tls is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def serving(folder: Path, tls: Any = None) -> Iterator[Server]:
    """A server, closed at the end."""
    server = Server(folder, tls)
    try:
        yield server
    finally:
        server.close()


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


def _digest(content: bytes) -> str:
    return "sha256=" + urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
