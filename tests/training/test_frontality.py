"""How far a face is turned, by its landmarks and by a detector."""

import cv2
import numpy as np
import pytest

from edge_agent.config import Settings
from edge_agent.face_detector import FaceDetector, Faces
from tests.support import shared_data
from training import wider_face
from training.face_detector.frontality import LEAST_FRONTALITY, agreement, frontality
from training.face_detector.peers import YuNet


@pytest.mark.parametrize(
    ("nose_x", "expected"), [(10, 1.0), (5, 0.5), (15, 0.5), (0, 0.0), (24, 0.0)]
)
@pytest.mark.parametrize("degrees", [0, 30, 180])
def test_a_face_is_turned_as_far_as_its_nose_is_from_the_middle(
    nose_x: float, expected: float, degrees: float
) -> None:
    upright = np.array([[0, 0], [20, 0], [nose_x, 12], [4, 20], [16, 20]], np.float32)
    turn = cv2.getRotationMatrix2D((50, 40), degrees, 1.5)[:, :2].astype(np.float32)
    assert frontality((upright @ turn.T)[None]) == pytest.approx(expected, abs=1e-5)


def _faces(frontalities: list[float] | None, *, scores: float = 0.9, left: float = 0) -> Faces:
    number = len(frontalities) if frontalities is not None else 4
    lefts = left + 100 * np.arange(number, dtype=np.float32)
    boxes = np.stack([lefts, 0 * lefts, lefts + 40, 0 * lefts + 50], axis=1)
    told = None if frontalities is None else np.array(frontalities, np.float32)
    return Faces(boxes, np.full(number, scores, np.float32), told)


def test_two_detectors_are_compared_on_the_faces_that_both_found() -> None:
    ours = [_faces([0.1, 0.9, 0.1, 0.9]), _faces([0.0]), _faces([0.0], left=500)]
    by_landmarks = [_faces([0.0, 1.0, 1.0, 0.0]), _faces([1.0], scores=0.3), _faces([1.0])]
    agreed = agreement(ours, by_landmarks, threshold=0.5)
    assert agreed is not None
    assert (agreed.faces, agreed.turned_away) == (4, 2)
    assert (agreed.held_back, agreed.held_back_wrongly) == (1, 1)
    assert agreed.correlation == pytest.approx(0, abs=1e-6)
    assert agreed.mean_absolute_difference == pytest.approx(0.5)


def test_the_released_detector_tells_profiles_without_landmarks() -> None:
    yunet = shared_data("peers/face_detection_yunet_2026may.onnx")
    pictures = wider_face.load(shared_data("wider_dev.zip"), "validation")[:120]
    ours = FaceDetector()
    theirs = YuNet(yunet, longer_side=640, score_threshold=ours.score_threshold)
    agreed = agreement(
        [ours.detect(picture.image_bgr) for picture in pictures],
        [theirs.detect(picture.image_bgr) for picture in pictures],
        threshold=ours.score_threshold,
    )
    assert agreed is not None and agreed.turned_away > 20
    assert agreed.correlation > 0.5
    assert agreed.held_back > 0.4 * agreed.turned_away
    assert agreed.held_back_wrongly < 0.05 * (agreed.faces - agreed.turned_away)


def test_nothing_is_said_of_a_detector_that_does_not_tell() -> None:
    assert agreement([_faces(None)], [_faces([1.0])], threshold=0.5) is None


def test_what_is_reported_is_what_a_device_does() -> None:
    assert Settings().classifier.least_frontality == LEAST_FRONTALITY
