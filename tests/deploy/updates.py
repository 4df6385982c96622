"""What the tests of updates share: a publisher, its wheels, and a web server."""

import contextlib
import functools
import hashlib
import shutil
import threading
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from deploy.__main__ import main
from deploy.updates.client.installation import architecture, python_version
from deploy.updates.publisher.keys import KeyFolder
from deploy.updates.publisher.repository import Repository
from edge_agent import __version__
from tests.support import PATIENCE_SECONDS, REPOSITORY

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


def _digest(content: bytes) -> str:
    return "sha256=" + urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
