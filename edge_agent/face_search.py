"""Finds the faces of every frame, and searches only some of them for it."""

from typing import Final, NamedTuple

import numpy as np

from edge_agent.boxes import centers
from edge_agent.face_detector import FaceDetector, Faces
from edge_agent.optical_flow import follow
from edge_agent.source import EARLY, Frame

_FLOW_SIDE: Final = 0.5
"""Of the detector's resolution: enough to follow what it can find, at a fourth of the pixels."""


_FAR: Final = 0.5
"""Widths of its own: a face that moved further comes nearer or turns away, and where the camera
moved, somebody else may have come into view."""


class _Seen(NamedTuple):
    """What is remembered of a frame until the next.

    Attributes:
        gray: a small copy of it.
        faces: in it.
        began_xyxy: (N, 4) where they were when they were searched for.
    """

    gray: np.ndarray
    faces: Faces
    began_xyxy: np.ndarray


class FaceSearch:
    """Searches a frame at times, and follows what was found through the frames in between.

    A search takes ten times as long as following does, and somebody new may well be found half a
    second later. Where a face was lost on the way or went far, and where there is none to follow, a
    frame is searched at once.

    Args:
        detector: searches.
        repeat_seconds: from one search to the next at the most; 0 searches every frame.
    """

    def __init__(self, detector: FaceDetector, *, repeat_seconds: float) -> None:
        self._repeat_seconds = repeat_seconds
        self._detector = detector
        self._seen: _Seen | None = None
        self._searched_seconds = -np.inf

    def find(self, frame: Frame) -> Faces:
        """The faces of a frame, which comes from the same source as those before.

        Raises:
            ModelError: when the network cannot be given this picture's shape.
        """
        image = frame.image_bgr
        if self._repeat_seconds == 0:
            return self._detector.detect(image)
        step = self._step(image)
        # Green carries most of the brightness; not every pixel costs less than shrinking.
        gray = np.ascontiguousarray(image[::step, ::step, 1])
        seen = self._followed(gray, step, image.shape[:2], frame.seconds)
        if seen is None:
            faces = self._detector.detect(image)
            self._searched_seconds = frame.seconds
            seen = _Seen(gray, faces, faces.boxes_xyxy)
        self._seen = seen
        return seen.faces

    def _followed(
        self, gray: np.ndarray, step: int, size_hw: tuple[int, ...], seconds: float
    ) -> _Seen | None:
        """The faces of the last frame in this one; None when it has to be searched."""
        seen = self._seen
        passed = seconds - self._searched_seconds
        if not 0 <= passed < EARLY * self._repeat_seconds:
            return None
        # Where nobody was in view, the first to come is found at once.
        if seen is None or not len(seen.faces) or seen.gray.shape != gray.shape:
            return None
        boxes = follow(seen.gray, gray, seen.faces.boxes_xyxy / step)
        if boxes is None:
            return None
        height, width = size_hw
        inside = np.clip(boxes * step, 0, [width, height, width, height]).astype(np.float32)
        went = np.abs(centers(inside) - centers(seen.began_xyxy)).max(axis=1)
        if np.any(went > _FAR * (seen.began_xyxy[:, 2] - seen.began_xyxy[:, 0])):
            return None
        return _Seen(gray, seen.faces.at(inside), seen.began_xyxy)

    def _step(self, image_bgr: np.ndarray) -> int:
        longer_side = max(image_bgr.shape[:2])
        return max(1, round(longer_side / (_FLOW_SIDE * self._detector.longer_side)))
