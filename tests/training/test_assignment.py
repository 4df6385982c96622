"""Which cells answer for which face, and the loss that follows."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="training needs Keras: install the extra 'training'")

from training.face_detector.assignment import assign, cells  # noqa: E402
from training.face_detector.loss import eiou_loss  # noqa: E402


def _perfect(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Cells of a 128 x 128 picture, each predicting the nearest face well."""
    centres, strides = cells((128, 128))
    middle = (faces[:, :2] + faces[:, 2:]) / 2
    nearest = np.linalg.norm(centres[:, None] - middle, axis=2).argmin(1)
    # Scores of their own, so that no two cells cost the same.
    scores = np.linspace(0.4, 0.6, len(centres), dtype=np.float32)[None]
    return centres, strides, faces[nearest][None], scores


def test_cells_cover_the_picture() -> None:
    centres, strides = cells((64, 128))
    assert len(centres) == len(strides) == 8 * 16 + 4 * 8 + 2 * 4
    assert centres[0].tolist() == [4, 4]
    assert centres[-1].tolist() == [112, 48]


def test_every_face_gets_cells_inside_it_and_padding_none() -> None:
    faces = np.array([[10, 10, 50, 50], [70, 70, 120, 120], [0, 0, 0, 0]], np.float32)
    centres, strides, boxes, scores = _perfect(faces[:2])
    valid = np.array([[True, True, False]])
    found = assign(faces[None], valid, boxes, scores, centres=centres, strides=strides)
    positive = np.asarray(found.positive)[0] > 0
    targets = np.asarray(found.target_xyxy)[0]
    for face in faces[:2]:
        mine = positive & (targets == face).all(1)
        assert 1 <= mine.sum() <= 10
        inside = (centres[mine] > face[:2]) & (centres[mine] < face[2:])
        assert inside.all()
    assert np.asarray(found.overlap)[0][positive] == pytest.approx(1, abs=1e-3)


def test_no_face_no_positive_cell() -> None:
    faces = np.zeros((1, 2, 4), np.float32)
    centres, strides = cells((128, 128))
    boxes = np.ones((1, len(centres), 4), np.float32)
    scores = np.full((1, len(centres)), 0.5, np.float32)
    found = assign(faces, np.zeros((1, 2), bool), boxes, scores, centres=centres, strides=strides)
    assert np.asarray(found.positive).sum() == 0


def test_eiou_loss_is_zero_for_equal_boxes_and_grows_with_distance() -> None:
    box = np.array([[10.0, 10, 30, 40]], np.float32)
    losses = [float(np.asarray(eiou_loss(box + shift, box))[0]) for shift in (0, 5, 15, 60)]
    assert losses[0] == pytest.approx(0, abs=1e-4)
    assert losses == sorted(losses)
    assert losses[-1] > 1
