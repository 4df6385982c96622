"""Faces of other cameras, for which nobody says an emotion: only teachers do."""

from pathlib import Path
from typing import Final

import numpy as np

from edge_agent.preprocess import FACE_SIZE, face_crops
from training import wider_face
from training.wider_face import ATTRIBUTES, LabelledPicture

_HEAVY: Final = 2
"""What WIDER FACE says of a face that is hardly one: so blurred, or so covered."""


def load(source: Path, least_pixels: int) -> np.ndarray:
    """The faces of WIDER FACE's training pictures, cut out as the agent does.

    Args:
        source: WIDER FACE, as `wider_face.load` takes it.
        least_pixels: of the longer side of a face's box.

    Returns:
        (N, 48, 48) uint8.

    Raises:
        DatasetError: when the source is missing or not in the official format.
    """
    crops = [
        face_crops(picture.image_bgr, picture.boxes_xyxy[recognisable(picture, least_pixels)])
        for picture in wider_face.load(source, "training")
    ]
    return np.concatenate([np.empty((0, FACE_SIZE, FACE_SIZE), np.uint8), *crops])


def recognisable(picture: LabelledPicture, least_pixels: int) -> np.ndarray:
    """(N,) bool: the faces of a picture on which an expression can be seen at all."""
    sides = (picture.boxes_xyxy[:, 2:] - picture.boxes_xyxy[:, :2]).max(axis=1, initial=0)
    usual = np.ones(len(sides), bool)
    for attribute in ("blur", "occlusion"):
        usual &= picture.attributes[:, ATTRIBUTES.index(attribute)] < _HEAVY
    recognised: np.ndarray = usual & ~picture.ignored & (sides >= least_pixels)
    return recognised
