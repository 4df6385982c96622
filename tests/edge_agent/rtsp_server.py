"""An RTSP server with a test picture, for Debian's python3 and GStreamer: ``rtsp_server.py PORT``.

The stream is rtsp://127.0.0.1:PORT/room, for the user anna with the password in the environment.
It runs until it is killed.
"""

import os
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

Gst.init(None)
server = GstRtspServer.RTSPServer(address="127.0.0.1", service=sys.argv[1])
factory = GstRtspServer.RTSPMediaFactory(shared=True)
factory.set_launch(
    "( videotestsrc is-live=true pattern=smpte "
    "! video/x-raw,format=I420,width=640,height=360,framerate=25/1 "
    "! jpegenc ! rtpjpegpay name=pay0 )"
)
auth = GstRtspServer.RTSPAuth()
token = GstRtspServer.RTSPToken()
token.set_string("media.factory.role", "viewer")
auth.add_basic(GstRtspServer.RTSPAuth.make_basic("anna", os.environ["PASSWORD"]), token)
server.set_auth(auth)
permissions = GstRtspServer.RTSPPermissions()
permissions.add_permission_for_role("viewer", "media.factory.access", True)
permissions.add_permission_for_role("viewer", "media.factory.construct", True)
factory.set_permissions(permissions)
server.get_mount_points().add_factory("/room", factory)
server.attach(None)
GLib.MainLoop().run()
