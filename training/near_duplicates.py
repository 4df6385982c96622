"""Which pictures of a test split a network may remember: the same photograph, cut or printed anew.

FER-2013's splits were drawn at random from pictures that an image search had found, many of them
more than once: with other margins, mirrored, smaller, or with another agency's name across. Where
one copy is learned and another is asked, a right answer tells little of a face never seen.
"""

from typing import Final

import cv2
import numpy as np
from tqdm import tqdm

from training.fer2013 import FaceSet

LEAST_SIMILARITY: Final = 0.94
"""Correlation of pixels from which two pictures are of one photograph. Between FER-2013's
PublicTest and training split hardly a pair lies between 0.90 and 0.94: below are people who look
alike."""
_SIDES: Final = (32, 36, 40)
_SHIFTS: Final = (-3, 0, 3)
_THUMBNAIL: Final = 8
_CANDIDATES: Final = 3
_MIDDLE: Final = slice(8, 40)
_SCALED: Final = range(26, 41)


def are_new(asked: FaceSet, *known: FaceSet) -> np.ndarray:
    """(N,) bool: whether no other set holds a picture's photograph."""
    found = find(asked.faces_gray, np.concatenate([faces.faces_gray for faces in known]))
    new: np.ndarray = found < 0
    return new


def new_faces(asked: FaceSet, *known: FaceSet) -> FaceSet:
    """The pictures of which no other set holds the photograph."""
    return asked.chosen(np.flatnonzero(are_new(asked, *known)))


def find(asked: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Looks for each picture's photograph among others.

    Thumbnails of the middle, cut in several ways, choose the candidates; what decides is the
    normalised cross-correlation of the middle with them at every place, at several scales.

    Args:
        asked: (N, 48, 48) uint8.
        known: (M, 48, 48) uint8.

    Returns:
        (N,) int64: the index of the most similar of the known pictures, -1 where it is of another
        photograph.
    """
    found = np.full(len(asked), -1, np.int64)
    if not len(known):
        return found
    all_known = _thumbnails(known, 36)
    number = min(_CANDIDATES, len(known))
    for index, face in enumerate(tqdm(asked, desc="near duplicates", unit="face")):
        if face.min() == face.max():
            continue  # FER-2013 has a few blank pictures: nothing in them is anybody's.
        both = np.stack([face, face[:, ::-1]])
        cuts = [
            _thumbnails(both, side, down, right)
            for side in _SIDES
            for down in _SHIFTS
            for right in _SHIFTS
        ]
        similar = (np.concatenate(cuts) @ all_known.T).max(axis=0)
        candidates = np.argpartition(similar, -number)[-number:]
        scores = [_similarity(both, known[candidate]) for candidate in candidates]
        if max(scores) >= LEAST_SIMILARITY:
            found[index] = candidates[int(np.argmax(scores))]
    return found


def _thumbnails(faces: np.ndarray, side: int, down: int = 0, right: int = 0) -> np.ndarray:
    """(N, 64) float32 of mean 0 and length 1: a square of the faces, made small."""
    top, left = (faces.shape[1] - side) // 2 + down, (faces.shape[2] - side) // 2 + right
    small = np.stack(
        [
            cv2.resize(
                face[top : top + side, left : left + side],
                (_THUMBNAIL, _THUMBNAIL),
                interpolation=cv2.INTER_AREA,
            )
            for face in faces
        ]
    )
    flat = small.reshape(len(faces), -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    normalised: np.ndarray = flat / np.maximum(length, 1)
    return normalised


def _similarity(both: np.ndarray, known: np.ndarray) -> float:
    """-1..1: how well the middle of a face, or of its mirror image, fits anywhere in another."""
    return max(
        float(cv2.matchTemplate(known, _scaled(face, side), cv2.TM_CCOEFF_NORMED).max())
        for face in both
        for side in _SCALED
    )


def _scaled(face: np.ndarray, side: int) -> np.ndarray:
    middle = np.ascontiguousarray(face[_MIDDLE, _MIDDLE])
    smaller = side < len(middle)
    return cv2.resize(
        middle, (side, side), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    )
