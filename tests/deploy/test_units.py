"""The units of systemd: understood by it, and confined."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import REPOSITORY, debian_program

UNITS = [
    REPOSITORY / "deploy" / "systemd" / f"{name}.service"
    for name in ("edge-agent", "edge-agent-update", "counts-recorder", "counts-dashboard")
]
LARGEST_EXPOSURE = 20
"""Ten times the score of `systemd-analyze security`."""


def settings(unit: Path) -> dict[str, list[str]]:
    result: dict[str, list[str]] = {}
    for line in unit.read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            result.setdefault(key, []).append(value)
    return result


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_systemd_finds_no_mistake(unit: Path, tmp_path: Path) -> None:
    program = debian_program("systemd-analyze", package="systemd")
    # What it starts is not installed here.
    copy = tmp_path / unit.name
    text = unit.read_text()
    for python in (
        "/opt/edge-agent/current/bin/python",
        "/opt/edge-agent/updater/bin/python",
        "/opt/counts/bin/python",
    ):
        text = text.replace(python, sys.executable)
    copy.write_text(text)
    done = subprocess.run(
        [program, "verify", "--man=no", "--recursive-errors=no", str(copy)],
        capture_output=True,
        text=True,
    )
    told = [line for line in done.stderr.splitlines() if unit.name in line]
    assert (done.returncode, told) == (0, [])


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_is_confined(unit: Path) -> None:
    program = debian_program("systemd-analyze", package="systemd")
    command = [program, "security", "--offline=true", f"--threshold={LARGEST_EXPOSURE}", unit]
    done = subprocess.run([*command, "--no-pager"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-200:]


def test_frames_reach_the_card_neither_by_a_dump_nor_by_swap() -> None:
    agent = settings(REPOSITORY / "deploy" / "systemd" / "edge-agent.service")
    assert agent["LimitCORE"] == agent["MemorySwapMax"] == ["0"]


def test_the_agent_sees_cameras_and_no_other_device() -> None:
    agent = settings(REPOSITORY / "deploy" / "systemd" / "edge-agent.service")
    assert agent["DevicePolicy"] == ["closed"]
    assert agent["DeviceAllow"] == [
        f"char-{kind} rw" for kind in ("video4linux", "media", "dma_heap")
    ]


def test_the_agent_waits_for_no_network_and_is_never_given_up() -> None:
    agent = settings(REPOSITORY / "deploy" / "systemd" / "edge-agent.service")
    assert "network" not in " ".join(agent["After"])
    assert "Wants" not in agent and "Requires" not in agent
    assert (agent["Restart"], agent["StartLimitIntervalSec"]) == (["always"], ["0"])
