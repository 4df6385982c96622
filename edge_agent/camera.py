"""Opens the source of frames that the settings name."""

from pathlib import Path

from edge_agent.config import AUTO, Camera
from edge_agent.demand import Demand
from edge_agent.errors import SourceError
from edge_agent.live_camera import open_live_camera
from edge_agent.picture_folder import open_picture_folder
from edge_agent.sample_scene import open_sample_scene
from edge_agent.source import Frame, Source
from edge_agent.video_file import open_video_file

__all__ = ["Frame", "Source", "open_source"]


def open_source(
    settings: Camera,
    *,
    fast: bool = False,
    camera_only: bool = False,
    demand: Demand | None = None,
) -> Source:
    """Opens what the settings name.

    Args:
        settings: the section ``camera``.
        fast: take every frame of a recording as quickly as possible, on its own clock.
        camera_only: 'auto' does not fall back on the sample scene, as it must not when a camera
            was lost in mid-lesson.
        demand: how many frames a second are wanted from now to now, in place of the settings, and
            whether somebody still waits; where nobody does, opening is given up and frames end.

    Raises:
        SourceError: one sentence on what was expected, what came and what to do.
    """
    name = str(settings.source)
    demand = demand or Demand(settings.frames_per_second)
    if name == "sample":
        return open_sample_scene(demand, fast=fast)
    if name == AUTO:
        try:
            return open_live_camera(name, settings, demand)
        except SourceError:
            if camera_only or demand.stopping():
                raise
        return open_sample_scene(demand, fast=fast)
    if name.isdigit():
        return open_live_camera(f"/dev/video{name}", settings, demand)
    if name == "picamera" or "://" in name or name.startswith(("/dev/video", "/dev/v4l/")):
        return open_live_camera(name, settings, demand)
    if Path(name).is_dir():
        return open_picture_folder(Path(name), demand, fast=fast)
    return open_video_file(Path(name), demand, fast=fast)
