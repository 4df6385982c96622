"""Which faces are worth classifying: large ones that are turned towards the camera."""

import numpy as np

from edge_agent.config import Classifier
from edge_agent.face_detector import Faces


def are_large(faces: Faces, settings: Classifier) -> np.ndarray:
    """(N,) bool, whether both sides of a face's box have enough pixels."""
    return sides(faces) >= settings.smallest_face_pixels


def are_turned_away(faces: Faces, settings: Classifier) -> np.ndarray:
    """(N,) bool; of nobody where the detector does not tell."""
    if faces.frontality is None:
        return np.zeros(len(faces), bool)
    return faces.frontality < settings.least_frontality


def sides(faces: Faces) -> np.ndarray:
    """(N,) the shorter side of each face's box, in pixels."""
    boxes = faces.boxes_xyxy
    return np.min(boxes[:, 2:] - boxes[:, :2], axis=1, initial=np.inf)
