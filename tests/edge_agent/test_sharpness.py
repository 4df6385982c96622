"""A crop that is too blurred is told from a sharp one, whatever its light and contrast."""

import cv2
import numpy as np
import pytest

from edge_agent.config import Settings
from edge_agent.preprocess import FACE_SIZE
from edge_agent.sharpness import sharpness

LEAST = Settings().classifier.least_sharpness


def face() -> np.ndarray:
    """Something with the spectrum of a picture: contrast at every size, less at the finer ones."""
    random = np.random.default_rng(0)
    picture = np.zeros((FACE_SIZE, FACE_SIZE), np.float32)
    for cells in (3, 6, 12, 24, 48):
        noise = random.normal(size=(cells, cells)).astype(np.float32)
        picture += 40 / cells * cv2.resize(noise, (FACE_SIZE, FACE_SIZE)) * 3
    return np.clip(128 + picture, 0, 255).astype(np.uint8)


def one(picture: np.ndarray) -> float:
    (value,) = sharpness(picture[None])
    return float(value)


def moved(pixels: int, axis: int) -> np.ndarray:
    kernel = np.full((1, pixels) if axis else (pixels, 1), 1 / pixels, np.float32)
    return np.asarray(cv2.filter2D(face(), -1, kernel))


def test_sharp_faces_pass_and_blurred_ones_do_not() -> None:
    assert one(face()) > LEAST
    assert one(cv2.GaussianBlur(face(), (0, 0), 3)) < LEAST


@pytest.mark.parametrize("axis", [0, 1])
def test_a_face_that_moved_is_blurred_in_one_direction_and_does_not_pass(axis: int) -> None:
    assert one(moved(17, axis)) < LEAST


def test_small_faces_pass() -> None:
    small = cv2.resize(face(), (16, 16), interpolation=cv2.INTER_AREA)
    assert one(cv2.resize(small, (FACE_SIZE, FACE_SIZE))) > LEAST


def test_light_and_contrast_do_not_matter() -> None:
    dim = (face() // 4 + 20).astype(np.uint8)
    assert one(dim) == pytest.approx(one(face()), rel=0.2)


def test_nothing_is_not_sharp() -> None:
    assert one(np.full((FACE_SIZE, FACE_SIZE), 90, np.uint8)) == 0
    assert sharpness(np.zeros((0, FACE_SIZE, FACE_SIZE), np.uint8)).shape == (0,)
