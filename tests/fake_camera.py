"""A camera for Chromium that shows the sample scene."""

from itertools import islice
from pathlib import Path

import cv2

from edge_agent.sample_scene import sample_frames

_SIZE_WH = (1280, 720)
_FRAMES = 10


def fake_camera(file: Path) -> tuple[str, ...]:
    """Writes some pictures of the scene to a file, and returns the flags that make it a camera."""
    with file.open("wb") as video:
        video.write(b"YUV4MPEG2 W%d H%d F5:1 Ip A1:1 C420jpeg\n" % _SIZE_WH)
        for _, image in islice(sample_frames(5.0), _FRAMES):
            video.write(b"FRAME\n" + cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420).tobytes())
    return (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={file}",
    )
