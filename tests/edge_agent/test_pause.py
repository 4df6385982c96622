"""A pause lasts until somebody resumes."""

import logging
from pathlib import Path

import pytest

from edge_agent.pause import Pause


def test_it_outlives_a_restart_until_somebody_resumes(tmp_path: Path) -> None:
    file = tmp_path / "state" / "room.paused"
    assert not Pause(file).on
    pause = Pause(file)
    pause.set(True)
    pause.set(True)
    assert pause.on
    assert Pause(file).on
    Pause(file).set(False)
    assert not Pause(file).on
    # A clean folder is not a mistake.
    Pause(file).set(False)


def test_without_a_file_it_is_in_memory_alone() -> None:
    pause = Pause(None)
    pause.set(True)
    assert pause.on
    assert not Pause(None).on


def test_a_disk_that_cannot_be_written_does_not_prevent_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    with caplog.at_level(logging.ERROR):
        pause = Pause(tmp_path / "file" / "room.paused")
        pause.set(True)
    assert pause.on
    (record,) = caplog.records
    assert "the next start will not know that the device was paused" in record.getMessage()
