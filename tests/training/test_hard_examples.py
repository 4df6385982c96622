"""What a detector gets wrong: decoys are no face, and what it overlooks is drawn more often."""

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("keras", reason="training needs Keras: install the extra 'training'")

from edge_agent.face_detector import FaceDetector, Faces
from edge_agent.model_card import model_path
from tests.support import shared_data
from training.face_detector import train as detector_training
from training.face_detector.hard_examples import decoys, look, overlooked
from training.face_detector.network import face_detector
from training.fer2013 import DatasetError
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
    pictures = [_picture(frame, boxes) for boxes in (faces, nothing, faces[::2])]
    told, untold, half = decoys(look(network, pictures, size=_SIZE), pictures)

    def found(boxes: np.ndarray, among: np.ndarray) -> np.ndarray:
        middles = (boxes[:, :2] + boxes[:, 2:]) / 2
        inside = (middles[:, None] > among[:, :2]) & (middles[:, None] < among[:, 2:])
        return inside.all(-1).any(-1)

    assert not found(faces, told).any()
    assert found(faces, untold).mean() > 0.9
    assert not found(faces[::2], half).any()
    assert found(faces[1::2], half).mean() > 0.9


def _three_faces() -> tuple[list[LabelledPicture], list[Faces]]:
    """Of 40 pixels: one found surely, one with doubt, and one not at all; and a small one."""
    first = np.array([[0, 0, 40, 40], [100, 0, 140, 40]], np.float32)
    second = np.array([[300, 300, 340, 340], [0, 0, 10, 10]], np.float32)
    image = np.zeros((_SIZE, _SIZE, 3), np.uint8)
    found = [
        Faces(first, np.array([0.9, 0.6], np.float32)),
        Faces(np.zeros((0, 4), np.float32), np.zeros(0, np.float32)),
    ]
    return [_picture(image, first), _picture(image, second)], found


def test_a_face_is_drawn_the_more_often_the_less_sure_the_detector_is_of_it() -> None:
    pictures, found = _three_faces()
    faces = overlooked(found, pictures, size=_SIZE)
    assert faces.pictures.tolist() == [0, 0, 1]
    assert faces.shares == pytest.approx(np.array([0.1, 0.4, 1.0]) / 1.5)
    random = np.random.default_rng(0)
    drawn = [faces.draw(random) for _ in range(300)]
    assert 170 < sum(number == 1 for number, _ in drawn) < 230
    assert all(box.tolist() == [300, 300, 340, 340] for number, box in drawn if number == 1)


def test_only_faces_of_the_groups_that_a_recipe_names_are_drawn() -> None:
    pictures, found = _three_faces()
    people = {
        ("event/picture.jpg", 0): {"perceived_skin": "VI", "perceived_age": "Adult"},
        ("event/picture.jpg", 1): {"perceived_skin": "II", "perceived_age": "Senior"},
    }
    # Of the two pictures only the first one's faces are known.
    second = LabelledPicture("event/other.jpg", *list(vars(pictures[1]).values())[1:])
    pictures = [pictures[0], second]
    groups = {"perceived_skin": ("VI",), "perceived_age": ("Senior",)}
    both = overlooked(found, pictures, size=_SIZE, groups=groups, demographics=people)
    assert both.boxes_xyxy[:, 0].tolist() == [0, 100]
    one = overlooked(
        found, pictures, size=_SIZE, groups={"perceived_age": ("Senior",)}, demographics=people
    )
    assert one.boxes_xyxy[:, 0].tolist() == [100]
    with pytest.raises(DatasetError, match=r"of \{'perceived_age': \('Child',\)\}.*got none"):
        overlooked(
            found, pictures, size=_SIZE, groups={"perceived_age": ("Child",)}, demographics=people
        )


@pytest.mark.parametrize("key", ["decoy_share", "overlooked_share"])
def test_a_recipe_with_hard_examples_needs_a_network_that_tells_them(
    tmp_path: Path, key: str
) -> None:
    recipe = load("detector_deep")
    assert isinstance(recipe, DetectorRecipe)
    alone = recipe.model_copy(
        update={key: 0.5, "teacher_weight": 0, "options": {}, "starts_from": None}
    )
    with pytest.raises(RecipeError, match=rf"{key}: 0\.5 in the recipe: expected --start"):
        detector_training.train(alone, name="alone", data=tmp_path, out=tmp_path / "out")


def test_a_recipe_of_groups_needs_to_be_told_who_is_seen_and_another_does_not(
    tmp_path: Path,
) -> None:
    recipe = load("detector_deep")
    assert isinstance(recipe, DetectorRecipe)
    plain = recipe.model_copy(update={"teacher_weight": 0, "options": {}, "starts_from": None})
    grouped = plain.model_copy(
        update={"overlooked_share": 0.5, "overlooked_groups": {"perceived_age": ("Senior",)}}
    )
    file = tmp_path / "people.csv"
    for one, given, expected in (
        (grouped, {"start": tmp_path / "network.keras"}, r"expected --demographics, got None"),
        (plain, {"demographics": file}, r"overlooked_groups: none .* no --demographics, got .*csv"),
    ):
        with pytest.raises(RecipeError, match=expected):
            detector_training.train(one, name="any", data=tmp_path, out=tmp_path / "out", **given)


def test_groups_without_a_share_are_refused_for_they_would_change_nothing(tmp_path: Path) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text("task: face_detector\nlike: detector_deep\noverlooked_groups: {a: [b]}\n")
    with pytest.raises(RecipeError, match="overlooked_groups with an overlooked_share"):
        load(str(file))
