"""Faces that nobody labelled: which are taken, and how steady the answers for them are."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy", reason="the engineer's tools need SciPy: install 'training'")
pytest.importorskip("sklearn", reason="the engineer's tools need scikit-learn: 'training'")

from edge_agent.emotions import EMOTIONS
from tests.training.datasets import wider_face_zip
from training import steadiness, unlabelled, wider_face
from training.steadiness import OtherFaces

NEUTRAL = EMOTIONS.index("neutral")


class ByBrightness:
    """Says "neutral" the more, the darker a face is on the left."""

    def predict(self, faces_gray: np.ndarray) -> np.ndarray:
        left = faces_gray[:, :, :24].mean(axis=(1, 2)) / 255
        result = np.zeros((len(faces_gray), 7), np.float32)
        result[:, NEUTRAL] = 1 - left
        result[:, NEUTRAL - 1] = left
        return result


def test_faces_come_from_training_pictures_and_are_large_enough(tmp_path: Path) -> None:
    data = wider_face_zip(tmp_path / "wider.zip", pictures=15)
    faces = unlabelled.load(data, 40)
    # A fifth of the pictures is kept for measuring; each holds two faces of 40 to 40.5 pixels.
    assert faces.shape == (24, 48, 48)
    assert faces.dtype == np.uint8
    assert unlabelled.load(data, 41).shape == (0, 48, 48)


def test_faces_on_which_nothing_can_be_seen_are_left_out(tmp_path: Path) -> None:
    data = wider_face_zip(tmp_path / "wider.zip", pictures=5)
    picture = wider_face.load(data, "training")[0]
    assert unlabelled.recognisable(picture, 20).tolist() == [True, True]
    for attribute in ("blur", "occlusion"):
        hard = picture.attributes.copy()
        hard[0, wider_face.ATTRIBUTES.index(attribute)] = 2
        changed = dataclasses.replace(picture, attributes=hard)
        assert unlabelled.recognisable(changed, 20).tolist() == [False, True]
    invalid = dataclasses.replace(picture, ignored=np.array([False, True]))
    assert unlabelled.recognisable(invalid, 20).tolist() == [True, False]


def test_an_answer_is_steady_where_the_same_face_gets_it_again(tmp_path: Path) -> None:
    faces = steadiness.load(wider_face_zip(tmp_path / "wider.zip", pictures=15))
    # Three pictures with two faces each, as annotated and as six other boxes cut them out.
    assert faces.crops.shape == (6, 7, 48, 48)
    assert faces.sides.tolist() == pytest.approx([40.5] * 6)
    assert len({crop.tobytes() for crop in faces.crops[0]}) == 7

    dark_left = np.full((7, 48, 48), 255, np.uint8)
    dark_left[:, :, :24] = 0
    bright = np.full((7, 48, 48), 200, np.uint8)
    changing = bright.copy()
    changing[3] = 20
    drawn = OtherFaces(
        np.stack([dark_left, bright, changing]),
        np.array([20, 40, 60], np.float32),
        np.zeros(3, bool),
    )
    measured = steadiness.measure(ByBrightness(), drawn)
    assert measured.mirrored.tolist() == [False, True, True]
    assert measured.moved.tolist() == [True, True, False]
    # The one that differs is outweighed by the two others of its three.
    assert measured.together.tolist() == [True, True, True]
    assert [share.hits for share in measured.moved_by_size()] == [1, 1, 0]
    assert measured.told is None


def test_exaggerated_faces_are_told_by_less_of_neutral() -> None:
    greys = np.array([200, 220, 210, 30, 60, 215], np.uint8)
    crops = np.broadcast_to(greys[:, None, None, None], (6, 7, 48, 48))
    exaggerated = np.array([True, True, True, False, False, False])
    measured = steadiness.measure(
        ByBrightness(), OtherFaces(crops, np.full(6, 40, np.float32), exaggerated)
    )
    assert measured.told is not None
    area, low, high = measured.told
    # Of nine pairs the usual face of 215 is above the exaggerated ones of 200 and 210.
    assert area == pytest.approx(7 / 9)
    assert low <= area <= high
