"""Tests that the camera opens and delivers a frame."""

from typing import Final

import numpy as np

from edge_agent.camera import open_source
from edge_agent.config import Camera
from edge_agent.errors import SourceError
from edge_agent.finding import Finding

_LEAST_CONTRAST: Final = 3.0
"""Standard deviation of a picture's pixels below which it shows nothing."""


def check_camera(settings: Camera, *, running: bool) -> Finding:
    """Opens the source and looks at its first frame.

    Args:
        settings: the section ``camera``.
        running: whether the agent is, and so has the camera.
    """
    if running:
        return Finding(
            "camera", "warning", "not tested: the running agent has it; stop the agent to test it"
        )
    try:
        with open_source(settings, camera_only=True) as source:
            frame = next(source.frames, None)
    except SourceError as error:
        return Finding("camera", "failed", str(error))
    if frame is None:
        return Finding("camera", "failed", f"{source.name}: expected a frame, got none")
    return _judge(source.name, frame.image_bgr, settings)


def _judge(name: str, image_bgr: np.ndarray, settings: Camera) -> Finding:
    height, width = image_bgr.shape[:2]
    seen = f"{name} delivers {width} x {height}"
    if name.startswith("sample"):
        return Finding(
            "camera", "warning", f"{seen}: nobody real; name a camera in camera.source to count"
        )
    if image_bgr.std() < _LEAST_CONTRAST:
        return Finding(
            "camera", "warning", f"{seen} of one colour: uncover the lens, and switch the light on"
        )
    if width < settings.width or height < settings.height:
        return Finding(
            "camera",
            "warning",
            f"{seen}, less than the {settings.width} x {settings.height} that the configuration "
            "asks for: small faces may be missed",
        )
    return Finding("camera", "ok", seen)
