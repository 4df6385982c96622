"""Streams as sources: over RTSP from GStreamer's server, over HTTP, and from servers that fail."""

import contextlib
import logging
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_agent.camera import open_source
from edge_agent.errors import SourceError
from tests.edge_agent.cameras import camera, camera_processes
from tests.support import PATIENCE_SECONDS, await_port, free_port

PASSWORD = "se/cr@t?x"
ENCODED = "se%2Fcr%40t%3Fx"
RTSP_SERVER = Path(__file__).with_name("rtsp_server.py")
DEBIAN_PYTHON = "/usr/bin/python3"


@contextlib.contextmanager
def running_rtsp_server() -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """GStreamer's, with a test picture for one user; its port and process."""
    needed = "import gi; gi.require_version('GstRtspServer', '1.0')"
    if (
        not Path(DEBIAN_PYTHON).exists()
        or subprocess.run([DEBIAN_PYTHON, "-c", needed], capture_output=True).returncode
    ):
        reason = (
            "Debian's RTSP server is not installed: apt-get install "
            "python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-good"
        )
        if os.environ.get("REQUIRE_DEBIAN_PACKAGES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    port = free_port()
    server = subprocess.Popen(
        [DEBIAN_PYTHON, RTSP_SERVER, str(port)], env=os.environ | {"PASSWORD": PASSWORD}
    )
    try:
        await_port(port, server)
        yield port, server
    finally:
        server.kill()
        server.wait(PATIENCE_SECONDS)


def test_frames_come_over_rtsp_until_the_server_is_gone() -> None:
    with running_rtsp_server() as (port, server):
        address = f"rtsp://anna:{ENCODED}@127.0.0.1:{port}/room"
        with open_source(camera(address, frames_per_second=10, hang_seconds=20)) as source:
            assert (source.name, source.live) == (f"stream rtsp://127.0.0.1:{port}/room", True)
            frames = [next(source.frames) for _ in range(3)]
            # Everybody may read how a process was started.
            (process,) = camera_processes()
            assert PASSWORD.encode() not in Path(f"/proc/{process}/cmdline").read_bytes()
            assert ENCODED.encode() not in Path(f"/proc/{process}/cmdline").read_bytes()
            server.kill()
            with pytest.raises(SourceError) as caught:
                for _ in source.frames:
                    pass
    assert {frame.image_bgr.shape for frame in frames} == {(360, 640, 3)}
    # SMPTE's bars: white, yellow, cyan, … in the order blue, green, red.
    colours = frames[0].image_bgr[60, [45, 135, 225]] > 100
    assert colours.tolist() == [[True] * 3, [False, True, True], [True, True, False]]
    assert str(caught.value) == (
        f"stream rtsp://127.0.0.1:{port}/room: expected frames, got no more; is it still connected?"
    )


def test_a_wrong_password_is_an_error_that_does_not_tell_it() -> None:
    with running_rtsp_server() as (port, _), pytest.raises(SourceError) as caught:
        open_source(camera(f"rtsp://anna:wrong@127.0.0.1:{port}/room"))
    assert str(caught.value) == (
        f"rtsp://127.0.0.1:{port}/room: expected a stream, could not open it; check the address, "
        "the login and the network"
    )


class Mjpeg(BaseHTTPRequestHandler):
    """Three pictures, as cameras send them over HTTP, and then silence."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        for brightness in (50, 100, 150):
            _, jpeg = cv2.imencode(".jpg", np.full((120, 160, 3), brightness, np.uint8))
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {jpeg.size}\r\n\r\n"
            self.wfile.write(head.encode() + jpeg.tobytes() + b"\r\n")
        self.server.silent.wait(PATIENCE_SECONDS)  # type: ignore[attr-defined]

    def log_message(self, *_: object) -> None:
        pass


def test_a_stream_that_falls_silent_is_lost() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Mjpeg) as server:
        server.silent = threading.Event()  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings = camera(
            f"http://127.0.0.1:{server.server_port}/", frames_per_second=60, hang_seconds=2
        )
        try:
            with open_source(settings) as source, pytest.raises(SourceError) as caught:
                for frame in source.frames:
                    assert frame.image_bgr.shape == (120, 160, 3)
        finally:
            server.silent.set()  # type: ignore[attr-defined]
            server.shutdown()
    assert caught.match("expected frames, got no more|expected a frame within 2 s, got none")
    assert camera_processes() == []


@pytest.mark.parametrize("answer", [b"", b"RTSP/1.0 200 OK\r\nCSeq: x\r\n\r\n" + bytes(range(256))])
def test_a_server_that_is_silent_or_talks_nonsense_is_given_up(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    connection.sendall(answer * 100)
                    connections.append(connection)

        connections: list[socket.socket] = []
        threading.Thread(target=serve, daemon=True).start()
        address = f"rtsp://127.0.0.1:{server.getsockname()[1]}/room"
        with pytest.raises(SourceError) as caught:
            open_source(camera(address, hang_seconds=2))
        for connection in connections:
            connection.close()
    assert connections
    assert caught.match(f"{address}: expected a (stream, could not open it|frame within 2 s)")
    assert camera_processes() == []


@pytest.mark.parametrize(
    "login", ["anna:secret@", "anna:sec/secret@", "anna:se@secret@", "anna:se?secret@"]
)
@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_a_streams_login_is_never_told(
    login: str, scheme: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    address = f"{scheme}://{login}127.0.0.1:{free_port()}/stream?token=secret"
    with caplog.at_level(logging.DEBUG), pytest.raises(SourceError) as caught:
        open_source(camera(address))
    told = "".join([str(caught.value), caplog.text, *capfd.readouterr()])
    assert "expected a stream, could not open it" in told
    assert "secret" not in told
    assert "anna" not in told
    assert "127.0.0.1" in told
