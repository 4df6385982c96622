"""Tests that both networks load, are those of their cards, and answer."""

from typing import Final

import numpy as np

from edge_agent.boxes import iou_matrix
from edge_agent.config import Settings
from edge_agent.drawn_faces import BOXES_XYXY, drawn_faces
from edge_agent.emotion_classifier import EmotionClassifier
from edge_agent.errors import ModelError
from edge_agent.face_detector import FaceDetector
from edge_agent.finding import Finding
from edge_agent.preprocess import face_crops
from edge_agent.tflite_model import runtime_version

_IOU: Final = 0.5


def check_networks(settings: Settings) -> Finding:
    """Shows the networks a drawing with a known answer."""
    drawing = drawn_faces()
    try:
        detector = FaceDetector(settings.detector.model)
        classifier = EmotionClassifier(settings.classifier.model)
        faces = detector.detect(drawing)
    except ModelError as error:
        return Finding("networks", "failed", str(error))
    found = int((iou_matrix(BOXES_XYXY, faces.boxes_xyxy).max(axis=1, initial=0) >= _IOU).sum())
    probabilities = classifier.predict(face_crops(drawing, BOXES_XYXY))
    if not np.isfinite(probabilities).all():
        return Finding(
            "networks",
            "failed",
            f"{classifier.path}: expected probabilities, got {probabilities.min()}: install the "
            "released network again",
        )
    if found < len(BOXES_XYXY) or len(faces) > len(BOXES_XYXY):
        return Finding(
            "networks",
            "warning",
            f"{detector.path}: expected the {len(BOXES_XYXY)} faces of a drawing, got {found} and "
            f"{len(faces) - found} that are none: try it with python -m edge_agent aim",
        )
    without = [str(network.path) for network in (detector, classifier) if network.card is None]
    if without:
        return Finding(
            "networks", "warning", f"{' and '.join(without)}: no card tells what it is and can do"
        )
    return Finding("networks", "ok", f"both answer as they should ({runtime_version()})")
