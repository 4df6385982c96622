"""Which pictures are the same photograph as another."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from training.fer2013 import FaceSet
from training.near_duplicates import are_new, find, new_faces


def photographs(number: int, *, seed: int) -> np.ndarray:
    """(N, 48, 48) uint8: light and shade that differ from one to the next, no faces."""
    random = np.random.default_rng(seed)
    coarse = random.uniform(0, 255, (number, 9, 9)).astype(np.uint8)
    return np.stack([cv2.resize(one, (48, 48), interpolation=cv2.INTER_CUBIC) for one in coarse])


def _cut(face: np.ndarray, top: int, left: int, side: int) -> np.ndarray:
    return cv2.resize(face[top : top + side, left : left + side], (48, 48))


def _with_margins(face: np.ndarray) -> np.ndarray:
    return cv2.copyMakeBorder(cv2.resize(face, (40, 40)), 4, 4, 4, 4, cv2.BORDER_REFLECT)


def _lettered(face: np.ndarray) -> np.ndarray:
    letters = cv2.putText(face.copy(), "PHOTO", (2, 30), cv2.FONT_HERSHEY_PLAIN, 0.7, 255)
    return cv2.addWeighted(face, 0.6, letters, 0.4, 0)


@pytest.mark.parametrize(
    "change",
    [
        lambda face: face,
        lambda face: np.ascontiguousarray(face[:, ::-1]),
        lambda face: (0.7 * face + 20).astype(np.uint8),
        lambda face: _cut(face, 2, 4, 42),
        _with_margins,
        _lettered,
    ],
    ids=["same", "mirrored", "paler", "cut closer", "cut wider", "with letters across"],
)
def test_a_photograph_is_known_again(change: Callable[[np.ndarray], np.ndarray]) -> None:
    known = photographs(20, seed=1)
    asked = np.stack([change(known[index]) for index in (3, 11)])
    assert find(asked, known).tolist() == [3, 11]


def test_other_photographs_and_blank_pictures_are_new() -> None:
    known = np.concatenate([photographs(20, seed=1), np.full((1, 48, 48), 255, np.uint8)])
    blank = np.zeros((1, 48, 48), np.uint8)
    assert find(np.concatenate([photographs(20, seed=2), blank]), known).tolist() == [-1] * 21
    assert find(known, known[:0]).tolist() == [-1] * 21


def test_new_faces_leave_out_what_any_other_split_holds() -> None:
    faces = photographs(6, seed=3)

    def split(*indices: int) -> FaceSet:
        paths = tuple(f"test/happy/{index}.png" for index in indices)
        return FaceSet(faces[list(indices)], np.full(len(indices), 3), paths)

    asked, training, public = split(0, 1, 2, 3), split(1, 4), split(3, 5)
    assert are_new(asked, training).tolist() == [True, False, True, True]
    assert new_faces(asked, training, public).paths == ("test/happy/0.png", "test/happy/2.png")
