"""A stream, RTSP or HTTP, as the capture process uses it."""

import cv2

from edge_agent.address import without_login
from edge_agent.errors import SourceError
from edge_agent.opencv_camera import OpenCvCamera


def open_stream(url: str, hang_seconds: float) -> OpenCvCamera:
    """Connects to a stream.

    Raises:
        SourceError: when it cannot be opened; it never holds the login.
    """
    timeout_ms = int(1000 * hang_seconds)
    options = [
        *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, timeout_ms),
        *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, timeout_ms),
        # Each more would keep several decoded frames.
        *(cv2.CAP_PROP_N_THREADS, 1),
    ]
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, options)
    if not capture.isOpened():
        raise SourceError(
            f"{without_login(url)}: expected a stream, could not open it; check the address, the "
            "login and the network"
        )
    return OpenCvCamera(f"stream {without_login(url)}", capture)
