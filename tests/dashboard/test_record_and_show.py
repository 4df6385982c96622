"""The command line: help, one sentence for what cannot work, plain lists, and a clean end."""

import signal
import socket
import subprocess
import sys
import urllib.request
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from dashboard.__main__ import main
from dashboard.store import Store
from tests.dashboard.conftest import batch_for, running_dashboard
from tests.dashboard.device_messages import START, WINDOW, counts
from tests.support import PATIENCE_SECONDS, REPOSITORY, await_port, await_true, free_port

SIGNALS = [signal.SIGTERM, signal.SIGINT]


@pytest.mark.parametrize(
    ("command", "default"),
    [
        ("record", "(default: mqtt://127.0.0.1:1883)"),
        ("show", "(default: 8501)"),
        ("gaps", "without it, what is older than a day"),
        ("rejected", "(default: sqlite:///data/counts.db)"),
    ],
)
def test_help_explains_every_option_with_its_default(
    command: str, default: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "default: None" not in text
    assert "(default: sqlite:///data/counts.db)" in text
    assert default in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["record", "--store", "nonsense"], "expected a store such as"),
        (["record", "--store", "sqlite:////dev/null/counts.db"], "cannot be used"),
        (["record", "--broker", "mqtt://broker.example"], "expected TLS"),
        (["record", "--broker", "nonsense"], "expected a broker such as"),
        (["record", "--keep-days", "0"], "expected --keep-days from 1 to 36500, got 0"),
        (["record", "--client-id", ""], "expected a --client-id"),
        (["record", "--share", "a/b"], "expected letters, digits and hyphens in --share"),
        (["gaps", "--store", "sqlite:////dev/null/counts.db"], "cannot be used"),
        (["rejected", "--store", "nonsense"], "expected a store such as"),
        (["show", "--store", "sqlite:////dev/null/counts.db"], "cannot be used"),
        (["show", "--broker", "mqtt://broker.example"], "expected TLS"),
        (["show", "--username", "teacher"], "expected --broker URL with a login to it"),
        (["show", "--timetable", "missing.yaml"], "expected a timetable in missing.yaml"),
        (["show", "--port", "70000"], "expected --port from 1 to 65535, got 70000"),
    ],
)
def test_what_cannot_work_is_one_sentence_and_exit_status_2(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    output = capsys.readouterr()
    assert words in output.err and output.err.count("\n") == 1 and output.out == ""


def test_a_taken_port_is_one_sentence_and_exit_status_2(
    store_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["show", "--store", store_url, "--port", str(port)]) == 2
    assert f"expected a free --port, got {port}" in capsys.readouterr().err


def test_a_moment_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["gaps", "--since", "yesterday"])
    assert ended.value.code == 2
    assert "expected a moment such as 2026-01-31" in capsys.readouterr().err


def test_gaps_and_refusals_are_listed(
    store: Store, store_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    now = datetime.now(timezone.utc)
    with batch_for(store) as batch:
        for seq in (0, 1, 5):
            batch.add_counts("school-a", counts(seq), START + timedelta(hours=1))
        batch.add_counts("school-a", counts(7, end=now), now)
        batch.reject("counts", "missing", "counts: seq: Field required", START)
        batch.reject("counts", "missing", "counts: v: Field required", START + WINDOW)
    assert main(["gaps", "--store", store_url, "--since", "2026-01-31"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "ROOM              BOOT      MISSING  FROM  TO  AFTER                 BEFORE",
        "school-a/room-12  abababab  3        2     4   2026-01-31T08:00:10Z  2026-01-31T08:00:30Z",
        "school-a/room-12  abababab  1        6     6   2026-01-31T08:00:30Z  "
        f"{now:%Y-%m-%dT%H:%M:%SZ}",
    ]
    assert main(["gaps", "--store", store_url]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert main(["rejected", "--store", store_url]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "KIND    CAUSE    TIMES  FIRST                 LAST                  REASON",
        "counts  missing  2      2026-01-31T08:00:00Z  2026-01-31T08:00:05Z  "
        "counts: v: Field required",
    ]


def test_an_unknown_option_has_no_traceback() -> None:
    command = [sys.executable, "-m", "dashboard", "record", "--nonsense"]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert ended.returncode == 2 and "Traceback" not in ended.stderr


@pytest.mark.parametrize("number", SIGNALS)
def test_record_without_a_broker_says_so_and_ends_cleanly(
    number: int, store: Store, store_url: str
) -> None:
    broker = f"mqtt://127.0.0.1:{free_port()}"
    with running_dashboard("record", "--broker", broker, "--store", store_url) as process:
        assert process.stdout is not None
        assert "cannot be reached" in process.stdout.readline()
        await_true(store.recorders)
        process.send_signal(number)
        output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0 and "Traceback" not in output
    assert store.recorders() == []


@pytest.mark.mosquitto
@pytest.mark.parametrize("number", SIGNALS)
def test_record_at_work_ends_cleanly(
    number: int, store: Store, store_url: str, mosquitto: int
) -> None:
    broker = f"mqtt://127.0.0.1:{mosquitto}"
    with running_dashboard("record", "--broker", broker, "--store", store_url) as process:
        await_true(lambda: any(recorder.connected for recorder in store.recorders()))
        process.send_signal(number)
        output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0 and "Traceback" not in output


@pytest.mark.parametrize("number", SIGNALS)
def test_show_serves_the_page_on_loopback_and_ends_cleanly(number: int, store_url: str) -> None:
    port = free_port()
    with running_dashboard("show", "--store", store_url, "--port", str(port)) as process:
        await_port(port, process)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=PATIENCE_SECONDS) as page:
            assert page.status == 200
        process.send_signal(number)
        output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0 and "Traceback" not in output
