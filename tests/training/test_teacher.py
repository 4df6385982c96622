"""The teacher's answers lie in the cells of our network, and training with it works."""

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("keras", reason="training needs Keras: install the extra 'training'")

from keras import ops

from edge_agent.boxes import iou_matrix
from edge_agent.face_detector import decode_boxes
from tests.support import shared_data
from training.face_detector.assignment import cells
from training.face_detector.loss import detection_loss
from training.face_detector.peers import YuNet
from training.face_detector.teacher import Teacher
from training.fer2013 import DatasetError

_SIDE = 640


def test_the_teacher_answers_where_yunet_finds_faces() -> None:
    model = shared_data("peers/face_detection_yunet_2026may.onnx")
    _, frame = cv2.VideoCapture(str(shared_data("classroom.mp4"))).read()
    picture = cv2.resize(frame[:, : frame.shape[0]], (_SIDE, _SIDE))
    found = YuNet(model, longer_side=_SIDE, score_threshold=0.8).detect(picture)
    assert len(found)

    answers = Teacher(model).answer(np.stack([picture, picture]))
    centres, strides = cells((_SIDE, _SIDE))
    assert answers.shape == (2, len(centres), 7)
    assert np.array_equal(answers[0], answers[1])
    scores = np.sqrt(answers[0, :, 0] * answers[0, :, 1])
    boxes = np.concatenate(
        [
            decode_boxes(
                answers[0, strides == stride, 2:6],
                centres[strides == stride] / stride - 0.5,
                int(stride),
            )
            for stride in np.unique(strides)
        ]
    )
    sure = boxes[scores >= 0.8]
    overlap = iou_matrix(found.boxes_xyxy, sure)
    assert overlap.max(axis=1).min() > 0.9
    # The pupils of the trial video look into the camera.
    assert answers[0, scores >= 0.8, 6].min() > 0.3


_SMALL_HW = 96, 96
_FACE = len(cells(_SMALL_HW)[0]) - 1
"""A cell of the coarsest map, with its middle at 80, 80."""


def _loss(
    answer: list[float],
    *,
    frontality: float = 0.0,
    objectness: float = -9.0,
    face: tuple[float, float, float, float] | None = None,
    weight: float = 1.0,
) -> float:
    """Of a network that says the same everywhere, but for the objectness of one cell."""
    outputs = {}
    for stride in (8, 16, 32):
        side = _SMALL_HW[0] // stride
        for name, channels, value in (
            ("class", 1, 0.0),
            ("objectness", 1, -9.0),
            ("box", 4, 0.0),
            ("frontality", 1, frontality),
        ):
            outputs[f"{name}_{stride}"] = np.full((1, side, side, channels), value, np.float32)
    outputs["objectness_32"][0, -1, -1] = objectness
    faces = np.zeros((1, 2, 5), np.float32)
    if face is not None:
        faces[0, 0] = [*face, 1]
    answers = np.zeros((1, _FACE + 1, 7), np.float32)
    answers[0, _FACE] = answer
    return float(
        detection_loss(
            {name: ops.convert_to_tensor(value) for name, value in outputs.items()},
            *(ops.convert_to_tensor(faces), ops.zeros((1, _FACE + 1)), _SMALL_HW),
            answers=ops.convert_to_tensor(answers),
            teacher_weight=weight,
        )
    )


@pytest.mark.parametrize(("height", "learned"), [(100, True), (12, False)])
def test_frontality_is_learned_where_landmarks_can_tell_it(height: float, learned: bool) -> None:
    """A network right in all but that loses by it, unless the face is too small to have said."""
    answer = [1, 1, 0, 0, np.log(height / 32), np.log(height / 32), 1]
    face = (80 - height / 2, 80 - height / 2, 80 + height / 2, 80 + height / 2)
    frontal, away = (_loss(answer, frontality=logit, face=face) for logit in (3.0, -3.0))
    assert away > frontal + 1 if learned else away == frontal


def test_a_face_that_the_teacher_overlooked_is_learned_all_the_same() -> None:
    """The teacher says that there is nothing; the true boxes say that there is."""

    def taught(objectness: float, **truth: tuple[float, float, float, float]) -> float:
        seen = {"objectness": objectness, **truth}
        return _loss([0] * 7, **seen, weight=1.0) - _loss([0] * 7, **seen, weight=0.0)

    face = (64.0, 64.0, 96.0, 96.0)
    assert taught(6.0, face=face) < taught(-6.0, face=face)
    assert taught(6.0) > taught(-6.0)


def test_the_teacher_is_not_believed_where_no_box_tells_of_a_face() -> None:
    """It takes hands for faces as well; near a face it is asked."""
    answer = [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]

    def taught(objectness: float, **truth: tuple[float, float, float, float]) -> float:
        seen = {"objectness": objectness, **truth}
        return _loss(answer, **seen, weight=1.0) - _loss(answer, **seen, weight=0.0)

    assert taught(-6.0) < taught(6.0)
    face = (64.0, 64.0, 96.0, 96.0)
    assert taught(6.0, face=face) < taught(-6.0, face=face)


@pytest.mark.parametrize("content", [b"", b"no network"])
def test_what_is_no_teacher_is_refused(tmp_path: Path, content: bytes) -> None:
    model = tmp_path / "other.onnx"
    model.write_bytes(content)
    with pytest.raises(DatasetError, match=r"other\.onnx: expected YuNet"):
        Teacher(model)
