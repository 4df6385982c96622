"""YuNet as a teacher: what it answers for every cell of a crop.

Source: Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", 2023; the ONNX file of
OpenCV Zoo (MIT). It has the strides and the cells that our network has, so that each cell
can learn from its counterpart.
"""

import threading
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from edge_agent.face_detector import STRIDES
from training.face_detector.frontality import frontality
from training.fer2013 import DatasetError

_KINDS: Final = [
    [f"{kind}_{stride}" for stride in STRIDES] for kind in ("cls", "obj", "bbox", "kps")
]


class Teacher:
    """The teacher's network, run by OpenCV; several threads may ask it, each has its own.

    Args:
        model: the ``.onnx`` file.

    Raises:
        DatasetError: when OpenCV cannot read the file, or it is another network.
    """

    def __init__(self, model: Path) -> None:
        self._model = model
        self._of_thread = threading.local()
        self._outputs = tuple(self._network().getUnconnectedOutLayersNames())
        missing = [name for kind in _KINDS for name in kind if name not in self._outputs]
        if missing:
            raise DatasetError(f"{model}: expected YuNet, got a network without {missing[0]}")

    def _network(self) -> Any:
        network = getattr(self._of_thread, "network", None)
        if network is None:
            try:
                network = self._of_thread.network = cv2.dnn.readNet(str(self._model))
            except cv2.error as error:
                raise DatasetError(
                    f"{self._model}: expected YuNet as an ONNX file that OpenCV can read, got: "
                    f"{error.err}"
                ) from error
        return network

    def answer(self, images_bgr: np.ndarray) -> np.ndarray:
        """(B, S, S, 3) uint8 pictures → (B, P, 7) float32: class, objectness, box, frontality."""
        network = self._network()
        network.setInput(cv2.dnn.blobFromImages(list(images_bgr)))
        # OpenCV gives all or none of the outputs.
        maps: dict[str, Any] = dict(zip(self._outputs, network.forward(self._outputs), strict=True))
        class_, objectness, boxes, landmarks = (
            np.concatenate(
                [maps[name].reshape(len(images_bgr), -1, maps[name].shape[-1]) for name in kind],
                axis=1,
            )
            for kind in _KINDS
        )
        # YuNet measures from a cell's corner, our network from its middle.
        boxes[..., :2] -= 0.5
        turned = frontality(landmarks.reshape(*landmarks.shape[:-1], 5, 2))
        return np.concatenate([class_, objectness, boxes, turned[..., None]], axis=-1)
