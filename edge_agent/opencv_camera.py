"""What OpenCV captures from, a USB camera or a stream, as the capture process uses it."""

import time
from typing import Any

import numpy as np

from edge_agent.demand import Demand
from edge_agent.errors import SourceError


class OpenCvCamera:
    """An opened `cv2.VideoCapture` that delivers frames.

    Args:
        title: what a person would call it.
        capture: the opened capture.

    Attributes:
        title: as given.
        size_hw: height and width of its frames.

    Raises:
        SourceError: when no frame can be had.
    """

    def __init__(self, title: str, capture: Any) -> None:
        self.title = title
        self._capture = capture
        found, image = capture.read()
        if not found:
            capture.release()
            raise SourceError(
                f"{title}: expected frames, got none; is it connected, and used by no other "
                "program?"
            )
        self.size_hw: tuple[int, int] = image.shape[:2]

    def grab(self, due: float, demand: Demand) -> None:
        """Takes the first frame from a moment on; those before are passed over undecoded.

        Every frame is taken, because a driver or a stream would queue those that are not.
        """
        while self._capture.grab():
            if time.monotonic() >= due or demand.stopping():
                return
        raise SourceError(f"{self.title}: expected frames, got no more; is it still connected?")

    def retrieve(self, image_bgr: np.ndarray) -> None:
        """Decodes the grabbed frame into a (H, W, 3) picture."""
        found, image = self._capture.retrieve(image_bgr)
        if not found:
            raise SourceError(f"{self.title}: expected a frame, got one that cannot be decoded")
        if image.shape != image_bgr.shape:
            raise SourceError(
                f"{self.title}: expected frames of {image_bgr.shape}, got {image.shape}; does "
                "somebody else change its settings?"
            )

    def close(self) -> None:
        """Releases the camera or the connection."""
        self._capture.release()
