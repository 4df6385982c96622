"""Fixtures that tests of several rooms share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import free_port, running_mosquitto


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[int]:
    """The port of a running broker."""
    port = free_port()
    with running_mosquitto(tmp_path / "mosquitto", port):
        yield port
