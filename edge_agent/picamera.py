"""The Pi camera, through Picamera2, as the capture process uses it."""

from typing import Any, Final

import numpy as np

from edge_agent.demand import Demand
from edge_agent.errors import SourceError

_BUFFERS: Final = 4


class PiCamera:
    """The first camera that is connected to the board itself.

    Args:
        size_wh: the resolution asked of it; it may give another.

    Attributes:
        title: what a person would call it.
        size_hw: height and width of its frames.

    Raises:
        SourceError: when Picamera2 or the camera is missing.
    """

    title = "Pi camera"

    def __init__(self, size_wh: tuple[int, int]) -> None:
        try:
            from picamera2 import MappedArray, Picamera2
        except (ImportError, ValueError) as error:  # ValueError: built for another NumPy
            raise SourceError(
                "picamera: expected the package picamera2, which cannot be imported; on Raspberry "
                "Pi OS: apt install python3-picamera2, and a virtual environment that sees it "
                "(--system-site-packages)"
            ) from error
        infos = Picamera2.global_camera_info()
        # libcamera finds USB cameras, too, which give other formats.
        number = next((i for i, info in enumerate(infos) if "/usb" not in info["Id"]), None)
        if number is None:
            raise SourceError("picamera: expected a Pi camera, found none; check its ribbon cable")
        self._mapped = MappedArray
        self._request: Any = None
        self._camera = Picamera2(number)
        # libcamera names formats from the highest byte of a word: in RGB888 the bytes lie in
        # memory as blue, green, red, which is what OpenCV calls BGR.
        main = {"size": size_wh, "format": "RGB888"}
        self._camera.configure(
            self._camera.create_video_configuration(main=main, buffer_count=_BUFFERS)
        )
        width, height = self._camera.camera_configuration()["main"]["size"]
        self.size_hw: tuple[int, int] = (height, width)
        self._camera.start()

    def grab(self, due: float, demand: Demand) -> None:
        """Takes the first frame from a moment on; the camera keeps none of those before."""
        if demand.wait_until(due):
            self._request = self._camera.capture_request()
            if self._request is None:
                raise SourceError("Pi camera: expected a frame, got none; check its ribbon cable")

    def retrieve(self, image_bgr: np.ndarray) -> None:
        """Copies the grabbed frame into a (H, W, 3) picture."""
        try:
            with self._mapped(self._request, "main") as mapped:
                if mapped.array.shape != image_bgr.shape:
                    raise SourceError(
                        f"Pi camera: expected frames of {image_bgr.shape}, got "
                        f"{mapped.array.shape}; choose another camera.width and camera.height"
                    )
                np.copyto(image_bgr, mapped.array)
        finally:
            self._request.release()

    def close(self) -> None:
        """Releases the camera; with a loose cable this never returns."""
        self._camera.stop()
        self._camera.close()
