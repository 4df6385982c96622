"""What the tests of the agent's life share: sources that hang or must not be opened."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import numpy as np

from edge_agent.agent import Agent
from edge_agent.camera import Frame, Source
from tests.edge_agent.support import (
    printed,
)
from tests.support import PATIENCE_SECONDS

WEEK = ["mon-sun 00:00-24:00"]
"""Lessons all the time."""
PAUSE, RESUME = b'{"command": "pause"}', b'{"command": "resume"}'


def not_now() -> list[str]:
    """A timetable without a lesson on this day or the next."""
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    other = days[(datetime.now().weekday() + 3) % 7]
    return [f"{other} 08:00-09:00"]


def states(output: str) -> list[tuple[str, str]]:
    return [
        (content["state"], content["reason"])
        for kind, content in printed(output)
        if kind == "status"
    ]


class Hanging:
    """A live source that gives some frames and then none, and does not even close."""

    def __init__(self, number: int) -> None:
        self.hanging, self.freed = threading.Event(), threading.Event()
        self._number = number

    def open(self, *_: Any, **__: Any) -> Source:
        return Source("hanging", True, self._frames(), self._hang)

    def _frames(self) -> Iterator[Frame]:
        for number in range(self._number):
            yield Frame(10.0 + number / 4, np.zeros((48, 64, 3), np.uint8))
        self._hang()

    def _hang(self) -> None:
        self.hanging.set()
        self.freed.wait(PATIENCE_SECONDS)


@contextmanager
def started(agent: Agent) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=agent.run)
    thread.start()
    try:
        yield thread
    finally:
        agent.stop()
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()


def refuse(*_: Any, **__: Any) -> Source:
    raise AssertionError("the camera must not be opened now")
