"""Other detectors, measured in the same run as ours."""

from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge_agent.face_detector import Faces
from training.face_detector.frontality import frontality
from training.fer2013 import DatasetError

_NMS_IOU: Final = 0.45
_TOP: Final = 5000


class YuNet:
    """YuNet through OpenCV, on one thread.

    Source: Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", 2023; the ONNX file of
    OpenCV Zoo (MIT).

    Args:
        model: the ``.onnx`` file.
        longer_side: pixels of a picture's longer side as the network sees it.
        score_threshold: faces below it are dropped, 0..1.

    Raises:
        DatasetError: when OpenCV cannot read the file.
    """

    def __init__(self, model: Path, *, longer_side: int, score_threshold: float) -> None:
        cv2.setNumThreads(1)
        try:
            self._network = cv2.FaceDetectorYN.create(
                str(model), "", (longer_side, longer_side), score_threshold, _NMS_IOU, _TOP
            )
        except cv2.error as error:
            raise DatasetError(
                f"{model}: expected YuNet as an ONNX file that OpenCV can read, got: {error.err}"
            ) from error
        self._longer_side = longer_side

    def detect(self, image_bgr: np.ndarray) -> Faces:
        """Finds the faces of a picture, (H, W, 3) uint8."""
        height, width = image_bgr.shape[:2]
        scale = self._longer_side / max(height, width)
        size_wh = max(1, round(width * scale)), max(1, round(height * scale))
        self._network.setInputSize(size_wh)
        _, found = self._network.detect(cv2.resize(image_bgr, size_wh))
        if found is None:
            nothing = np.zeros(0, np.float32)
            return Faces(nothing.reshape(0, 4), nothing, nothing)
        found = found[np.argsort(-found[:, -1], kind="stable")]
        corners = np.concatenate([found[:, :2], found[:, :2] + found[:, 2:4]], axis=1)
        return Faces(
            (corners / scale).astype(np.float32),
            found[:, -1].astype(np.float32),
            frontality(found[:, 4:14].reshape(-1, 5, 2)),
        )
