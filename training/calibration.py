"""A network's probabilities made honest by one number, fitted on PublicTest."""

from dataclasses import dataclass

import numpy as np

from edge_agent.emotion_classifier import softmax
from training.evaluate import fit_temperature
from training.fer2013 import FaceSet
from training.networks import Network


@dataclass(frozen=True, eq=False)
class Calibrated:
    """A network with its temperature.

    Attributes:
        network: what answers.
        temperature: its logits are divided by it.
        is_released: whether the temperature is the card's, not fitted here.
    """

    network: Network
    temperature: float
    is_released: bool

    def predict(self, faces_gray: np.ndarray) -> np.ndarray:
        """(N, 48, 48) uint8 → (N, 7) calibrated probabilities."""
        return softmax(self.network.logits(faces_gray) / self.temperature)


def calibrate(network: Network, public: FaceSet) -> Calibrated:
    """Takes the released temperature, or fits one on PublicTest where there is none."""
    if network.temperature is not None:
        return Calibrated(network, network.temperature, is_released=True)
    fitted = fit_temperature(network.logits(public.faces_gray), public.labels)
    return Calibrated(network, fitted, is_released=False)
