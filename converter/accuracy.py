"""How often a converted network is right, on PublicTest."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from converter.candidates import FER_ORDER, Candidate
from edge_agent.emotion_classifier import EmotionClassifier
from edge_agent.emotions import EMOTIONS
from edge_agent.tflite_model import Interpreter, quiet_standard_error

_FER_SIDE = 64


def predictor(candidate: Candidate) -> Callable[[np.ndarray], np.ndarray]:
    """A function from (N, 48, 48) uint8 faces to (N, 7) probabilities."""
    if candidate.kind == "fer":
        return _Fer(candidate.file)
    # As the logits are: a temperature changes no answer.
    return EmotionClassifier(candidate.file, temperature=1.0).predict


class _Fer:
    """The network of the package `fer`, fed as the package feeds it."""

    def __init__(self, file: Path) -> None:
        with quiet_standard_error():
            self._interpreter = Interpreter(str(file))
            self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]
        self._order = [FER_ORDER.index(label) for label in EMOTIONS]

    def __call__(self, faces_gray: np.ndarray) -> np.ndarray:
        result = np.empty((len(faces_gray), len(EMOTIONS)), np.float32)
        for index, face in enumerate(faces_gray):
            large = cv2.resize(face, (_FER_SIDE, _FER_SIDE)).astype(np.float32)
            self._interpreter.set_tensor(self._input, ((large / 255 - 0.5) * 2)[None, ..., None])
            self._interpreter.invoke()
            result[index] = self._interpreter.get_tensor(self._output)[0, self._order]
        return result
