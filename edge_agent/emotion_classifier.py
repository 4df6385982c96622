"""Classifies face crops into the seven emotions, with calibrated probabilities."""

from pathlib import Path

import numpy as np

from edge_agent.emotions import EMOTIONS
from edge_agent.model_card import ModelCard, model_path
from edge_agent.preprocess import FACE_SIZE
from edge_agent.tflite_model import TfliteModel


class EmotionClassifier:
    """The released emotion classifier, or another of the same kind.

    Args:
        model: a ``.tflite`` file, or the name of a released one; None is ``emotion_classifier``.
        temperature: the logits are divided by it; None takes the card's.
        num_threads: threads that one call may use.

    Raises:
        ModelError: when the network does not fit.
    """

    def __init__(
        self,
        model: Path | str | None = None,
        *,
        temperature: float | None = None,
        num_threads: int = 1,
    ) -> None:
        self._model = TfliteModel(model_path(model, "emotion_classifier"), num_threads=num_threads)
        self._model.require(
            input_shape=(None, FACE_SIZE, FACE_SIZE, 1),
            outputs={None: (None, len(EMOTIONS))},
            what="an emotion classifier",
        )
        self._batch = self._model.input_shape[0]
        self._output = next(iter(self._model.outputs))
        card = self._model.card
        if temperature is None:
            temperature = (card.temperature if card else None) or 1.0
        self._temperature = np.float32(temperature)

    @property
    def sha256(self) -> str:
        """The SHA-256 of the network."""
        return self._model.sha256

    @property
    def path(self) -> Path:
        """The network's file."""
        return self._model.path

    @property
    def card(self) -> ModelCard | None:
        """The card beside it; None where there is none."""
        return self._model.card

    def predict(self, faces_gray: np.ndarray) -> np.ndarray:
        """Calibrated probabilities of the emotions.

        Args:
            faces_gray: (N, 48, 48) uint8, as `preprocess.face_crops` makes them.

        Returns:
            (N, 7) float32 in 0..1, each row's sum 1, in the order of `EMOTIONS`.

        Raises:
            ValueError: for an array that is not such faces.
        """
        if faces_gray.shape[1:] != (FACE_SIZE, FACE_SIZE) or faces_gray.dtype != np.uint8:
            raise ValueError(
                f"expected faces (N, {FACE_SIZE}, {FACE_SIZE}) of uint8, got {faces_gray.shape} "
                f"of {faces_gray.dtype}"
            )
        logits = np.empty((len(faces_gray), len(EMOTIONS)), np.float32)
        for start in range(0, len(faces_gray), self._batch):
            batch = faces_gray[start : start + self._batch]
            number = len(batch)
            if number < self._batch:
                batch = np.concatenate([batch, batch[:1].repeat(self._batch - number, axis=0)])
            self._model.invoke(batch[..., None])
            logits[start : start + number] = self._model.output(self._output)[:number]
        return softmax(logits / self._temperature)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities of (N, K) logits, by row."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
