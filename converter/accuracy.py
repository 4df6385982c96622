"""How often a converted network is right, on PublicTest."""

from collections.abc import Callable

import numpy as np

from converter.candidates import Candidate
from edge_agent.emotion_classifier import EmotionClassifier
from training.peers import Fer


def predictor(candidate: Candidate) -> Callable[[np.ndarray], np.ndarray]:
    """A function from (N, 48, 48) uint8 faces to (N, 7) probabilities."""
    if candidate.kind == "fer":
        return Fer(candidate.file).predict
    # As the logits are: a temperature changes no answer.
    return EmotionClassifier(candidate.file, temperature=1.0).predict
