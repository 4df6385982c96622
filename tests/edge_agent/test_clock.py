"""A device that does not know the time counts on, and connects by itself once it does."""

import contextlib
import shutil
import sqlite3
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.certificates import make_certificate
from tests.edge_agent.support import Listener, config_file, running_agent, write_video
from tests.support import await_true, debian_program, free_port, running_mosquitto

pytestmark = [pytest.mark.mosquitto, pytest.mark.faketime]


def set_clock(file: Path, moment: str) -> None:
    """What libfaketime takes for the time from now on, at once and never half written."""
    draft = file.with_suffix(".draft")
    draft.write_text(f"{moment}\n")
    draft.replace(file)


def clock_environment(folder: Path, file: Path) -> dict[str, str]:
    """What makes a program's clock follow a file, while its monotonic time goes on."""
    faketime = debian_program("faketime", package="faketime")
    library = subprocess.run(
        [faketime, "-m", "-f", "+0", "printenv", "LD_PRELOAD"],
        check=True,
        capture_output=True,
        text=True,
    )
    # libfaketime 0.9.10 refuses to sleep until a monotonic moment, as Python does from 3.11 on.
    (folder / "sitecustomize.py").write_text(
        "import select, time\ntime.sleep = lambda seconds: select.select([], [], [], seconds)\n"
    )
    return {
        "PYTHONPATH": str(folder),
        "LD_PRELOAD": library.stdout.strip(),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def windows_in(outbox: Path, folder: Path) -> int:
    """How many windows wait in an outbox, seen in a copy: its owner lets nobody else read it."""
    for suffix in ("", "-wal"):
        source = outbox.with_name(outbox.name + suffix)
        if not source.exists():
            return 0
        shutil.copy(source, folder / f"copy{suffix}")
    with contextlib.closing(sqlite3.connect(folder / "copy")) as copy:
        (number,) = copy.execute("SELECT count(*) FROM windows").fetchone()
    return int(number)


NOT_SET = "because this device's clock is not set: waiting for the time"


@pytest.mark.parametrize(
    ("beginning", "problem"),
    [
        ("1970-01-02 00:00", f"is not yet valid at 1970-01-02 00:00 UTC, {NOT_SET}"),
        ("2000-01-01 00:00", f"is not yet valid at 2000-01-01 00:00 UTC, {NOT_SET}"),
        (
            "2099-01-01 00:00",
            "has expired at 2099-01-01 00:00 UTC: renew it, or set this device's clock",
        ),
    ],
)
def test_a_device_without_the_time_keeps_its_windows_until_it_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beginning: str, problem: str
) -> None:
    authority = make_certificate(tmp_path, "authority")
    broker = make_certificate(tmp_path, "broker", signed_by=authority)
    port, tls_port = free_port(), free_port()
    options = (
        f"allow_anonymous true\nlistener {tls_port} 127.0.0.1\n"
        f"certfile {broker.certificate_file}\nkeyfile {broker.key_file}"
    )
    outbox, clock = tmp_path / "outbox.db", tmp_path / "clock"
    config = config_file(
        tmp_path,
        deployment={"purpose": "to see what a wrong clock does"},
        window={"seconds": 1.0},
        mqtt={
            "port": tls_port,
            "wait_for_broker": True,
            "ca_file": str(authority.certificate_file),
        },
        outbox={"file": str(outbox)},
    )
    video = write_video(tmp_path / "v.mp4")
    started = datetime.now(timezone.utc)
    with running_mosquitto(tmp_path / "mosquitto", port, options), Listener(port) as listener:
        set_clock(clock, f"@{beginning}:00")
        for name, value in clock_environment(tmp_path, clock).items():
            monkeypatch.setenv(name, value)
        with running_agent(tmp_path, "--loop", "--source", video, "--config", config) as agent:
            await_true(lambda: agent.stderr.count("no connection") >= 2)
            await_true(lambda: windows_in(outbox, tmp_path) >= 3)
            assert listener.messages == []
            set_clock(clock, "+0")
            listener.await_state("online", "started")
            late = windows_in(outbox, tmp_path)
            listener.await_counts(late + 2)
            assert agent.end() == 0
            listener.await_state("offline", "stopped")
        told = agent.stderr
    assert f"no connection to 127.0.0.1:{tls_port}: its certificate {problem}\n" in told
    assert told.count("connected to") == 1
    windows = listener.contents("counts")
    # All of them, once and in order, from a device that was never started again.
    assert [window["seq"] for window in windows] == list(range(len(windows)))
    assert len({window["boot_id"] for window in windows}) == 1
    replayed = [window["replayed"] for window in windows]
    assert replayed == sorted(replayed, reverse=True)
    assert sum(replayed) >= 3
    # Times of before are no earlier than a message can carry, and not to be believed.
    starts = [datetime.fromisoformat(window["window_start"][:-1] + "+00:00") for window in windows]
    assert all(start.year >= 2020 for start in starts)
    assert all(abs(start - started) > timedelta(days=1) for start in starts[:3])
    assert started < starts[-1] < started + timedelta(hours=1)
