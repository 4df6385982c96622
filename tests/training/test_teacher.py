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
from training.face_detector.loss import teacher_loss
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


@pytest.mark.parametrize(("height", "learned"), [(100, True), (12, False)])
def test_frontality_is_learned_where_landmarks_can_tell_it(height: float, learned: bool) -> None:
    """A network right in all but that loses by it, unless the face is too small to have said."""
    size_hw = 96, 96
    number = len(cells(size_hw)[0])
    answers = np.zeros((1, number, 7), np.float32)
    face = number - 1  # of the coarsest map
    answers[0, face] = [1, 1, 0, 0, np.log(height / 32), np.log(height / 32), 1]

    def loss(frontality_logit: float) -> float:
        outputs = {}
        for stride in (8, 16, 32):
            side = size_hw[0] // stride
            outputs[f"class_{stride}"] = np.zeros((1, side, side, 1), np.float32)
            outputs[f"objectness_{stride}"] = np.full((1, side, side, 1), -9.0, np.float32)
            outputs[f"box_{stride}"] = np.zeros((1, side, side, 4), np.float32)
            outputs[f"frontality_{stride}"] = np.full(
                (1, side, side, 1), frontality_logit, np.float32
            )
        tensors = {name: ops.convert_to_tensor(value) for name, value in outputs.items()}
        return float(teacher_loss(tensors, ops.convert_to_tensor(answers), size_hw))

    frontal, away = loss(3.0), loss(-3.0)
    assert away > frontal + 1 if learned else away == frontal


@pytest.mark.parametrize("content", [b"", b"no network"])
def test_what_is_no_teacher_is_refused(tmp_path: Path, content: bytes) -> None:
    model = tmp_path / "other.onnx"
    model.write_bytes(content)
    with pytest.raises(DatasetError, match=r"other\.onnx: expected YuNet"):
        Teacher(model)
