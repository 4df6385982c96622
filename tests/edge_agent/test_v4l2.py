"""Cameras of Video4Linux; without one, what is told of those that cannot be used."""

import struct
import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent.camera import open_source
from edge_agent.errors import SourceError
from edge_agent.v4l2 import Capability, query
from tests.edge_agent.cameras import camera
from tests.support import REPOSITORY

NOBODY = 65534


@pytest.mark.parametrize("source", ["99", "/dev/video99"])
def test_an_absent_camera_is_named_with_those_there_are(source: str) -> None:
    with pytest.raises(
        SourceError,
        match="/dev/video99: expected a camera, got: No such file or directory; cameras of this "
        "machine: ",
    ):
        open_source(camera(source))


def test_what_is_no_camera_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no device")
    with pytest.raises(SourceError, match="expected a camera, got something that is not a device"):
        query(str(tmp_path / "file"))
    with pytest.raises(SourceError, match="/dev/null: expected a camera, got another kind of"):
        query("/dev/null")


def test_who_may_not_use_a_camera_is_told_how_to(tmp_path: Path) -> None:
    device = tmp_path / "video0"
    device.touch()
    device.chmod(0)
    ask = f"""
import os
from edge_agent.errors import SourceError
from edge_agent.v4l2 import query
if os.getuid() == 0:  # who may use everything
    os.setuid({NOBODY})
try:
    query({str(device)!r})
except SourceError as error:
    print(error)
"""
    answer = subprocess.run(
        [sys.executable, "-c", ask], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert answer.stdout == (
        f"{device}: expected a camera, got: Permission denied; add the user to the group 'video'\n"
    )


@pytest.mark.parametrize(
    ("capabilities", "captures"),
    [(0x04200001, True), (0x04A00000, False), (0x04208000, False)],
)
def test_what_a_driver_tells_is_understood(capabilities: int, captures: bool) -> None:
    # What the kernel's uvcvideo answers for a webcam, its metadata, and a codec.
    content = struct.pack(
        "16s32s32sIII12x",
        *(b"uvcvideo", b"Integrated Camera: Integrated C", b"usb-0000:00:14.0-8"),
        *(0x00060100, 0x84A00001, capabilities),
    )
    assert Capability.parse(content) == Capability("usb-0000:00:14.0-8", captures)
