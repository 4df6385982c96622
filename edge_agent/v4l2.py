"""A USB camera, or another of Video4Linux, as the capture process uses it."""

import errno
import fcntl
import os
import re
import stat
import struct
from pathlib import Path
from typing import Final, NamedTuple

import cv2

from edge_agent.errors import SourceError
from edge_agent.opencv_camera import OpenCvCamera

_VIDIOC_QUERYCAP: Final = 0x80685600
# struct v4l2_capability: driver, card, bus, version, capabilities, those of this node, reserved.
_CAPABILITY: Final = struct.Struct("16s32s32sIII12x")
# In one plane, or in several.
_CAN_CAPTURE: Final = 0x1 | 0x1000
_OPEN_ADVICE: Final = {
    errno.EACCES: "add the user to the group 'video'",
    errno.EBUSY: "end the other program that uses it",
}


class Capability(NamedTuple):
    """What a driver tells of a device.

    Attributes:
        bus: where the device is, such as ``usb-0000:00:14.0-1``.
        captures: whether it gives pictures; some only take them, or describe them.
    """

    bus: str
    captures: bool

    @classmethod
    def parse(cls, content: bytes) -> "Capability":
        """Reads the kernel's structure."""
        _, _, bus, _, _, capabilities = _CAPABILITY.unpack(content)
        return cls(bus.split(b"\0")[0].decode(errors="replace"), bool(capabilities & _CAN_CAPTURE))


def cameras() -> list[str]:
    """The paths of this machine's video devices, in the order of their numbers."""
    paths = (str(path) for path in Path("/dev").glob("video*"))
    return sorted(paths, key=lambda path: [int(number) for number in re.findall(r"\d+", path)])


def open_v4l2(path: str, size_wh: tuple[int, int]) -> OpenCvCamera:
    """Opens a video device.

    Args:
        path: of the device.
        size_wh: the resolution asked of it; it may give another.

    Raises:
        SourceError: when it is absent, not permitted, no camera, or gives no frame.
    """
    if not query(path).captures:
        raise SourceError(f"{path}: expected a camera, got a video device that takes no pictures")
    capture = cv2.VideoCapture(path, cv2.CAP_V4L2)
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, size_wh[0])
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size_wh[1])
    # One buffered frame: the newest wins.
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    return OpenCvCamera(f"camera {path}", capture)


def query(path: str) -> Capability:
    """Asks the driver what a device is.

    Raises:
        SourceError: when it is absent, not permitted, or no video device.
    """
    try:
        device = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    except OSError as error:
        known = ", ".join(cameras()) or "none"
        advice = _OPEN_ADVICE.get(error.errno or 0, f"cameras of this machine: {known}")
        raise SourceError(f"{path}: expected a camera, got: {error.strerror}; {advice}") from error
    try:
        if not stat.S_ISCHR(os.fstat(device).st_mode):
            raise SourceError(f"{path}: expected a camera, got something that is not a device")
        content = bytearray(_CAPABILITY.size)
        fcntl.ioctl(device, _VIDIOC_QUERYCAP, content)
    except OSError as error:
        raise SourceError(f"{path}: expected a camera, got another kind of device") from error
    finally:
        os.close(device)
    return Capability.parse(bytes(content))
