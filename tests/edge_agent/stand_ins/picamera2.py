"""A stand-in for Picamera2 without a camera; it keeps what its documentation says of these names.

Found by a process whose PYTHONPATH holds this folder. PICAMERA2_STAND_IN says what is wrong with
the camera, and PICAMERA2_LOG names a file for the calls that were made. For a camera whose faults
come and go, PICAMERA2_FAULT_FILE names a file that says what is wrong now; PICAMERA2_PICTURES is a
file of pictures (N, H, W, 3) for it to see.
"""

import os
import signal
import time
from pathlib import Path

import numpy as np

_RATE = 30
_PI = {"Model": "imx708", "Location": 2, "Rotation": 180, "Id": "/base/soc/i2c0mux/i2c@1/imx708@1a"}
_USB = {"Model": "Webcam", "Location": 2, "Id": "/base/scb/pcie@7d500000/pci@0,0/usb@0,0-1.4:1.0"}


def _fault() -> str:
    file = os.environ.get("PICAMERA2_FAULT_FILE")
    return Path(file).read_text() if file else os.environ.get("PICAMERA2_STAND_IN", "")


def _hang() -> None:
    while True:
        time.sleep(3600)


class MappedArray:
    def __init__(self, request, stream, reshape=True, write=True):
        assert stream == "main"
        self._request = request

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc_value, exc_traceback):
        pass

    @property
    def array(self):
        return self._request.pixels


class CompletedRequest:
    def __init__(self, camera, pixels):
        self._camera = camera
        self.pixels = pixels

    def release(self):
        assert self.pixels is not None, "released twice"
        self.pixels = None
        self._camera.held -= 1


class Picamera2:
    @staticmethod
    def global_camera_info():
        return {"absent": [], "usb only": [_USB]}.get(_fault(), [_USB, _PI])

    def __init__(self, camera_num=0, tuning=None):
        self._log(f"open {camera_num}")
        self._config = None
        self._started = False
        self._frames = 0
        self.held = 0
        pictures = os.environ.get("PICAMERA2_PICTURES")
        self._pictures = np.load(pictures, mmap_mode="r") if pictures else None
        fault = _fault()
        if fault == "busy":
            raise RuntimeError("Camera __init__ sequence did not complete.")
        if fault == "hangs in open":
            _hang()

    def create_video_configuration(self, main=None, lores=None, raw=None, buffer_count=6):
        return {"main": dict(main), "buffer_count": buffer_count}

    def configure(self, camera_config="preview"):
        assert not self._started
        assert camera_config["main"]["format"] == "RGB888"
        self._config = camera_config

    def camera_configuration(self):
        return self._config

    def start(self, config=None, show_preview=False):
        self._started = True
        self._log("start")

    def capture_request(self, wait=True, signal_function=None):
        """Frame i is blue by i, green by 100 and red by 200; red comes last in memory."""
        assert self._started
        assert self.held < self._config["buffer_count"], "all buffers are held"
        # A camera's clock goes on when nobody looks.
        time.sleep(1 / _RATE)
        self._frames += 1
        later = self._frames > 3
        fault = _fault()
        if fault == "hangs at once" or (fault == "hangs later" and later):
            self._log("hangs")
            _hang()
        if fault == "raises" and later:
            raise RuntimeError("Camera frontend\nhas timed out!")
        if fault == "crashes" and later:
            os.kill(os.getpid(), signal.SIGSEGV)
        if fault == "none" and later:
            return None
        width, height = self._config["main"]["size"]
        if self._pictures is not None:
            pixels = np.array(self._pictures[self._frames % len(self._pictures)])
        else:
            pixels = np.empty((height, width, 3), np.uint8)
            pixels[:] = self._frames % 256, 100, 200
        self.held += 1
        return CompletedRequest(self, pixels[..., 0] if fault == "grey" and later else pixels)

    def stop(self):
        self._log("stop")
        if _fault() == "hangs in stop":
            _hang()
        self._started = False

    def close(self):
        self._log("close")

    @staticmethod
    def _log(what):
        if "PICAMERA2_LOG" in os.environ:
            with Path(os.environ["PICAMERA2_LOG"]).open("a") as file:
                file.write(what + "\n")
