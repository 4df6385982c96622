"""A short video of the sample scene: nobody real, nothing that must be fetched."""

from itertools import islice
from pathlib import Path

import cv2
import pytest


def write_sample_video(path: Path, *, seconds: float = 10.0, rate: float = 4.0) -> Path:
    """Writes an .avi of 1280 x 720 in Motion JPEG, which every OpenCV reads."""
    pytest.importorskip("skimage")
    pytest.importorskip("matplotlib")
    from edge_agent.sample_scene import sample_frames

    video = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), rate, (1280, 720))
    assert video.isOpened()
    for _, image in islice(sample_frames(rate), round(seconds * rate)):
        video.write(image)
    video.release()
    return path
