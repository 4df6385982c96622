"""systemd accepts the updater's units, and they reach what they are for."""

import subprocess
from configparser import ConfigParser
from pathlib import Path

from tests.support import REPOSITORY, debian_program

UNITS = REPOSITORY / "deploy" / "systemd"


def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    program = debian_program("systemd-analyze", package="systemd")
    for name in ("edge-agent-update.service", "edge-agent-update.timer"):
        text = (UNITS / name).read_text()
        # The release that it starts is not installed here.
        (tmp_path / name).write_text(
            text.replace("/opt/edge-agent/updater/bin/python", "/bin/true")
        )
    answer = subprocess.run(
        [program, "verify", "--man=no", *sorted(tmp_path.iterdir())],
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    ours = [line for line in answer.stderr.splitlines() if "edge-agent" in line]
    assert not ours, answer.stderr


def test_the_updater_is_that_of_a_release_that_has_counted() -> None:
    unit = ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(UNITS / "edge-agent-update.service")
    start = unit["Service"]["ExecStart"]
    assert start == "/opt/edge-agent/updater/bin/python -m deploy.updates.client run"
    assert unit["Service"]["StateDirectory"] == "edge-agent-updates"
    assert unit["Unit"]["ConditionPathExists"] == "/etc/edge-agent/updates.yaml"
