"""Fixtures that the agent's tests share."""

from pathlib import Path

import pytest

from tests.edge_agent.cameras import PiCamera


@pytest.fixture
def pi_camera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PiCamera:
    """A board with a Pi camera and a USB camera."""
    return PiCamera(tmp_path / "picamera2.log", monkeypatch.setenv)
