"""Every byte that leaves the agent is accounted for: the system calls say where it went."""

import itertools
import json
import re
import signal
import sqlite3
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import cv2
import pytest

from edge_agent.messages import Counts
from edge_agent.sample_scene import sample_frames
from tests.edge_agent.support import ROOM, Listener, config_file, validate
from tests.support import PATIENCE_SECONDS, REPOSITORY, await_true, debian_program

pytestmark = [pytest.mark.mosquitto, pytest.mark.strace]
CALLS = (
    "write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendmmsg,sendfile,splice,vmsplice,"
    "copy_file_range"
)
_CALL = re.compile(r"\b(\w+)\((\d+)<(.*?)>[,)].*= (\d+)$")
_LOG_LINE = re.compile(
    r"\d\d:\d\d:\d\d INFO    (connected to 127\.0\.0\.1:\d+|source: video file v\.mp4)"
)


@contextmanager
def traced_agent(folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """A real device, with a purpose, an outbox and the most talkative log, under strace."""
    config = config_file(
        folder,
        deployment={"purpose": "a test of what leaves the device"},
        window={"seconds": 1.0},
        privacy={"min_faces": 1},
        health={"interval_seconds": 1.0},
        logging={"level": "debug"},
        mqtt={"port": port},
        outbox={"file": str(folder / "outbox.db"), "keep_seconds": 0},
    )
    video = write_scene(folder / "v.mp4")
    strace = [
        *(debian_program("strace", package="strace"), "-f", "-yy", "-s", "0", "-e"),
        *(f"trace={CALLS}", "-o", str(folder / "trace"), "--"),
        # A shell's background job ignores it, and so would all that these tests start.
        *("env", "--default-signal=QUIT"),
    ]
    agent = [sys.executable, "-m", "edge_agent", "run", "--loop", "--source", str(video)]
    process = subprocess.Popen(
        [*strace, *agent, "--config", str(config)],
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=(folder / "log").open("w"),
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def write_scene(path: Path) -> Path:
    """Two seconds of faces."""
    video = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 5.0, (1280, 720))
    for _, image in itertools.islice(sample_frames(5.0), 10):
        video.write(image)
    video.release()
    return path


def written(trace: Path) -> dict[str, list[int]]:
    """What each kind of place was written, in bytes a call."""
    result = defaultdict(list)
    for line in trace.read_text().splitlines():
        found = _CALL.search(line)
        if found is not None:
            result[_kind(found[3])].append(int(found[4]))
    return dict(result)


def _kind(place: str) -> str:
    for kind, pattern in (
        ("log", r".*/log$"),
        ("outbox", r".*/outbox\.db(-wal|-journal)?$"),
        ("broker", r"TCP.*:\[?127\.0\.0\.1:\d+->127\.0\.0\.1:\d+\]?"),
        ("wake", r"(UNIX|UNIX-STREAM|pipe|anon_inode:\[eventfd\]|socket).*"),
        ("nowhere", r"/dev/null.*"),
    ):
        if re.fullmatch(pattern, place):
            return kind
    return place


def agent_pid(process: subprocess.Popen[str]) -> int:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    await_true(lambda: children.read_text().split())
    return int(children.read_text().split()[0])


def test_every_write_has_a_place_and_holds_only_the_contract(
    tmp_path: Path, mosquitto: int
) -> None:
    with Listener(mosquitto) as listener, traced_agent(tmp_path, mosquitto) as agent:
        listener.await_counts(4)
        await_true(lambda: listener.contents("health"))
        pid = agent_pid(agent)
        subprocess.run(["kill", "-TERM", str(pid)], check=True)
        assert agent.wait(PATIENCE_SECONDS) == 0
        listener.await_state("offline", "stopped")
    places = written(tmp_path / "trace")
    assert set(places) <= {"log", "outbox", "broker", "wake", "nowhere"}
    assert any(window["faces"] for window in listener.contents("counts"))
    # The wire: the broker handed on every message, each of the closed schemas.
    published = 0
    for topic, payload, _ in listener.messages:
        assert topic in {f"{ROOM}/{kind}" for kind in ("status", "counts", "health")}
        validate(topic, payload)
        published += len(payload)
    # No more went out than these and MQTT's own frames and will.
    assert sum(places["broker"]) < published + 1000 + 60 * len(listener.messages)
    # The file: a table of windows, and nothing else.
    with closing(sqlite3.connect(tmp_path / "outbox.db")) as outbox:
        tables = outbox.execute("SELECT name FROM sqlite_master").fetchall()
        assert tables == [("windows",)]
        for (window,) in outbox.execute("SELECT window FROM windows"):
            Counts.model_validate_json(window)
    # The log: sentences without a number about anybody.
    for line in (tmp_path / "log").read_text().splitlines():
        assert _LOG_LINE.fullmatch(line), line
    # Between its own threads: single bytes that wake.
    assert max(places.get("wake", [0])) <= 8
    files = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    ours = {"log", "trace", "v.mp4", "test-config.yaml", "outbox.db"}
    assert {name for name in files - ours if not name.startswith("mosquitto")} == set()


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGQUIT])
def test_a_crash_leaves_nothing_behind(
    number: signal.Signals, tmp_path: Path, mosquitto: int
) -> None:
    with Listener(mosquitto) as listener, traced_agent(tmp_path, mosquitto) as agent:
        listener.await_counts(2)
        pid = agent_pid(agent)
        limits = Path(f"/proc/{pid}/limits").read_text()
        assert re.search(r"Max core file size\s+0\s+0\s", limits)
        before = {path for folder in (REPOSITORY, tmp_path) for path in folder.iterdir()}
        subprocess.run(["kill", f"-{number.value}", str(pid)], check=True)
        agent.wait(PATIENCE_SECONDS)
        listener.await_state("offline", "connection_lost")
    after = {path for folder in (REPOSITORY, tmp_path) for path in folder.iterdir()}
    assert {path.name for path in after - before} <= {"outbox.db-journal"}
    assert set(written(tmp_path / "trace")) <= {"log", "outbox", "broker", "wake", "nowhere"}
    assert json.dumps(listener.states()).count("connection_lost") == 1
