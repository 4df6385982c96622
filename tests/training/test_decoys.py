"""What a detector takes for a face: decoys are found, and faces are none."""

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("keras", reason="training needs Keras: install the extra 'training'")

from edge_agent.face_detector import FaceDetector
from edge_agent.model_card import model_path
from tests.support import shared_data
from training.face_detector import train as detector_training
from training.face_detector.decoys import find_decoys
from training.face_detector.network import face_detector
from training.recipe import DetectorRecipe, RecipeError, load
from training.start import start_from
from training.wider_face import LabelledPicture

_SIZE = 640


def _picture(image: np.ndarray, boxes: np.ndarray) -> LabelledPicture:
    return LabelledPicture(
        *("event/picture.jpg", image, boxes.astype(np.float32)),
        *(np.zeros(len(boxes), bool), np.zeros((len(boxes), 6), int)),
    )


def test_what_no_box_tells_of_is_a_decoy_and_a_face_is_none() -> None:
    """Without its boxes every face of a picture is one, at its place in the picture."""
    _, frame = cv2.VideoCapture(str(shared_data("classroom.mp4"))).read()
    faces = FaceDetector(score_threshold=0.5).detect(frame).boxes_xyxy
    assert len(faces) > 5
    recipe = load("detector_deep")
    network = face_detector(**recipe.options)
    scale = _SIZE / max(frame.shape)
    pixels = np.zeros((1, _SIZE, _SIZE, 3), np.uint8)
    small = cv2.resize(frame, None, fx=scale, fy=scale)
    pixels[0, : small.shape[0], : small.shape[1]] = small
    start_from(network, model_path(None, "face_detector"), [pixels.astype(np.float32)])

    nothing = np.zeros((0, 4))
    told, untold, half = find_decoys(
        network,
        [_picture(frame, boxes) for boxes in (faces, nothing, faces[::2])],
        size=_SIZE,
    )

    def found(boxes: np.ndarray, among: np.ndarray) -> np.ndarray:
        middles = (boxes[:, :2] + boxes[:, 2:]) / 2
        inside = (middles[:, None] > among[:, :2]) & (middles[:, None] < among[:, 2:])
        return inside.all(-1).any(-1)

    assert not found(faces, told).any()
    assert found(faces, untold).mean() > 0.9
    assert not found(faces[::2], half).any()
    assert found(faces[1::2], half).mean() > 0.9


def test_a_recipe_with_decoys_needs_a_network_that_finds_them(tmp_path: Path) -> None:
    recipe = load("detector_deep")
    assert isinstance(recipe, DetectorRecipe)
    alone = recipe.model_copy(
        update={"decoy_share": 0.5, "teacher_weight": 0, "options": {}, "starts_from": None}
    )
    with pytest.raises(RecipeError, match=r"decoy_share: 0\.5 in the recipe: expected --start"):
        detector_training.train(alone, name="alone", data=tmp_path, out=tmp_path / "out")
