"""Fixtures that tests of several rooms share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import free_port, running_mosquitto


@pytest.fixture(autouse=True)
def _own_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test's outbox and accounts are the next one's, or those of whoever runs the tests."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state-of-the-user"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings-of-the-user"))
    monkeypatch.delenv("DASHBOARD_ACCOUNTS", raising=False)


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[int]:
    """The port of a running broker."""
    port = free_port()
    with running_mosquitto(tmp_path / "mosquitto", port):
        yield port
