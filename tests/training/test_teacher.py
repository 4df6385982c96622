"""The teacher's answers lie in the cells of our network, and training with it works."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_agent.boxes import iou_matrix
from edge_agent.face_detector import decode_boxes
from tests.support import shared_data
from training.face_detector.assignment import cells
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


@pytest.mark.parametrize("content", [b"", b"no network"])
def test_what_is_no_teacher_is_refused(tmp_path: Path, content: bytes) -> None:
    model = tmp_path / "other.onnx"
    model.write_bytes(content)
    with pytest.raises(DatasetError, match=r"other\.onnx: expected YuNet"):
        Teacher(model)
