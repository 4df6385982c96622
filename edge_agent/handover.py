"""Hands the newest frame of a camera over to another process, as soon as that one asks."""

import socket
import threading
import time
from typing import Protocol

import numpy as np

from edge_agent.channel import send
from edge_agent.demand import Demand
from edge_agent.shared_frames import SLOTS, map_frames


class CameraDevice(Protocol):
    """A camera as the process uses it that captures from it.

    Attributes:
        title: what a person would call it.
        size_hw: height and width of its frames.
    """

    title: str
    size_hw: tuple[int, int]

    def grab(self, due: float, demand: Demand) -> None:
        """Takes the first frame from a moment of monotonic time on, or returns when stopping."""

    def retrieve(self, image_bgr: np.ndarray) -> None:
        """Puts the grabbed frame into a (H, W, 3) uint8 picture."""

    def close(self) -> None:
        """Releases the camera."""


class Handover:
    """Keeps the newest frame, and counts those that nobody asked for in time.

    Of the two slots in the shared memory one belongs to whoever asked last, until asking again;
    the other is overwritten with every new frame.

    Args:
        channel: for the messages that say which slot holds what.
        memory: the descriptor of the shared memory.
        camera: whose frames these are.
    """

    def __init__(self, channel: socket.socket, memory: int, camera: CameraDevice) -> None:
        self._channel = channel
        self._camera = camera
        self._slots = map_frames(memory, camera.size_hw, write=True)
        self._lock = threading.Lock()
        self._writing = 0
        self._taken_at: float | None = None
        self._dropped = 0
        self._asked = False

    def update(self) -> None:
        """Takes over the frame that the camera has grabbed."""
        with self._lock:
            now = time.monotonic()
            self._camera.retrieve(self._slots[self._writing])
            self._dropped += self._taken_at is not None
            self._taken_at = now
            self._give_if_asked()

    def ask(self) -> None:
        """Takes the last frame back and gives the newest, now or when there is one."""
        with self._lock:
            self._asked = True
            self._give_if_asked()

    def _give_if_asked(self) -> None:
        if not self._asked or self._taken_at is None:
            return
        send(self._channel, slot=self._writing, seconds=self._taken_at, dropped=self._dropped)
        self._writing = (self._writing + 1) % SLOTS
        self._taken_at, self._dropped, self._asked = None, 0, False
