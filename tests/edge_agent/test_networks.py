"""The released networks load and fit; what does not fit is refused in one sentence."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge_agent.boxes import iou_matrix
from edge_agent.drawn_faces import BOXES_XYXY, drawn_faces
from edge_agent.emotion_classifier import EmotionClassifier, softmax
from edge_agent.emotions import EMOTIONS
from edge_agent.errors import ModelError
from edge_agent.face_detector import FaceDetector, decode_boxes
from edge_agent.model_card import RELEASED, read_card
from edge_agent.tflite_model import TfliteModel, runtime_version

DETECTOR = RELEASED / "face_detector.tflite"
CLASSIFIER = RELEASED / "emotion_classifier.tflite"


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector()


@pytest.fixture(scope="module")
def classifier() -> EmotionClassifier:
    return EmotionClassifier()


def card(**changes: Any) -> dict[str, Any]:
    """What would lie beside the released classifier."""
    tensor = {"name": "x", "shape": [1, 48, 48, 1], "dtype": "uint8", "meaning": "pixels"}
    content = {
        "task": "emotion_classifier",
        "file": "network.tflite",
        "sha256": hashlib.sha256(CLASSIFIER.read_bytes()).hexdigest(),
        "labels": list(EMOTIONS),
        "input": tensor,
        "outputs": [tensor | {"shape": [1, 7]}],
        "temperature": 2.0,
        "parameters": 1,
        "data": "none",
        "terms": "none",
        "seed": 0,
        "command": "none",
        "measured": {},
    }
    return content | changes


def with_card(folder: Path, content: str) -> Path:
    """The released classifier in a folder, with a card beside it."""
    network = folder / "network.tflite"
    shutil.copy(CLASSIFIER, network)
    network.with_suffix(".json").write_text(content)
    return network


# model_card


def test_a_card_that_agrees_is_read_and_its_temperature_used(
    tmp_path: Path, classifier: EmotionClassifier
) -> None:
    warm = EmotionClassifier(with_card(tmp_path, json.dumps(card())))
    assert warm.card is not None and warm.card.temperature == 2.0
    faces = np.random.default_rng(0).integers(0, 256, (3, 48, 48), dtype=np.uint8)
    plain = EmotionClassifier(temperature=1.0).predict(faces)
    # Dividing the logits by two is the square root of the powers.
    root = np.sqrt(plain)
    np.testing.assert_allclose(
        warm.predict(faces), root / root.sum(axis=1, keepdims=True), atol=1e-5
    )


def test_no_card_is_no_error(tmp_path: Path) -> None:
    network = tmp_path / "network.tflite"
    shutil.copy(CLASSIFIER, network)
    assert read_card(network) is None
    assert EmotionClassifier(network).card is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (json.dumps(card(sha256="0" * 64)), "expected SHA-256 0000000000000000… by its card"),
        (json.dumps(card(labels=sorted(EMOTIONS)[::-1])), "expected labels angry, disgusted"),
        (json.dumps(card(labels=["face"])), "expected labels angry.* got face"),
        (json.dumps(card(task="face_detector")), "expected labels face, got angry"),
        (json.dumps(card(colour="blue")), "not a model card: colour"),
        (json.dumps(card(temperature=0)), "not a model card: temperature"),
        ("{}", "not a model card: "),
        ("", "not a model card: "),
        ("\x00", "not a model card: "),
    ],
)
def test_a_card_that_disagrees_is_refused(tmp_path: Path, content: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        EmotionClassifier(with_card(tmp_path, content))


def test_a_card_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    network = with_card(tmp_path, "")
    network.with_suffix(".json").unlink()
    network.with_suffix(".json").mkdir()
    with pytest.raises(ModelError, match="cannot be read"):
        EmotionClassifier(network)


# tflite_model


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: b"this is not a network" * 20,
        lambda content: content[:100],
        lambda content: content[: len(content) // 2],
    ],
)
def test_a_file_that_is_no_network_is_refused(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    file = tmp_path / "network.tflite"
    file.write_bytes(damage(CLASSIFIER.read_bytes()))
    with pytest.raises(ModelError, match="expected a TFLite network that this machine can run"):
        TfliteModel(file)


def test_a_missing_file_and_a_directory_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"expected a \.tflite network, got: No such file"):
        FaceDetector(tmp_path / "missing.tflite")
    with pytest.raises(ModelError, match=r"expected a \.tflite network, got: Is a directory"):
        FaceDetector(tmp_path)


def test_a_network_of_another_shape_is_refused_with_both_shapes() -> None:
    with pytest.raises(ModelError) as caught:
        FaceDetector(CLASSIFIER)
    assert "expected a face detector with uint8 input 1×height×width×3" in str(caught.value)
    assert "×48×48×1" in str(caught.value)
    with pytest.raises(ModelError) as caught:
        EmotionClassifier(DETECTOR)
    assert "expected an emotion classifier with uint8 input any×48×48×1" in str(caught.value)
    assert "and output any×7" in str(caught.value)
    assert "1×640×640×3" in str(caught.value)


def test_a_released_network_is_called_by_its_name(classifier: EmotionClassifier) -> None:
    half = EmotionClassifier("emotion_classifier_half")
    assert half.card is not None and half.card.file == half.path.name
    assert half.path.stat().st_size < 300_000 < classifier.path.stat().st_size
    assert half.predict(np.zeros((1, 48, 48), np.uint8)).shape == (1, 7)
    for name, largest in (("people", 1_000_000), ("half_people", 300_000)):
        people = EmotionClassifier(f"emotion_classifier_{name}")
        assert people.card is not None and people.card.confusion is not None
        assert people.path.stat().st_size < largest
    with pytest.raises(ModelError, match=r"emotion_classifier_hlaf\.tflite: expected a \.tflite"):
        EmotionClassifier("emotion_classifier_hlaf")


def test_what_is_loaded_is_named(detector: FaceDetector) -> None:
    assert detector.sha256 == hashlib.sha256(DETECTOR.read_bytes()).hexdigest()
    assert detector.path == DETECTOR
    assert runtime_version() != "unknown"


def test_loading_and_running_say_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    EmotionClassifier().predict(np.zeros((1, 48, 48), np.uint8))
    assert capfd.readouterr() == ("", "")


# face_detector


def test_boxes_are_decoded_from_cells() -> None:
    raw = np.array([[0, 0, 0, 0], [0.5, -0.5, np.log(2), np.log(4)]], np.float32)
    cells = np.array([[0, 0], [3, 2]])
    boxes = decode_boxes(raw, cells, 8)
    # The second: centre (4, 2) cells, 2 cells wide, 4 high.
    np.testing.assert_allclose(boxes, [[0, 0, 8, 8], [24, 0, 40, 32]], rtol=1e-5)
    assert boxes.dtype == np.float32
    assert decode_boxes(np.empty((0, 4), np.float32), np.empty((0, 2), int), 8).shape == (0, 4)


@pytest.mark.parametrize("size_hw", [(241, 333), (7, 5), (1, 1), (900, 50), (641, 641)])
@pytest.mark.parametrize("kind", ["noise", "black"])
def test_faces_lie_inside_the_picture_best_first(size_hw: tuple[int, int], kind: str) -> None:
    image = np.zeros((*size_hw, 3), np.uint8)
    if kind == "noise":
        image = np.random.default_rng(1).integers(0, 256, image.shape, dtype=np.uint8)
    # With hardly a threshold, so that there is something to look at.
    faces = FaceDetector(score_threshold=0.01).detect(image)
    assert len(faces) == len(faces.scores) == len(faces.boxes_xyxy)
    assert (faces.boxes_xyxy.dtype, faces.scores.dtype) == (np.float32, np.float32)
    assert faces.boxes_xyxy.shape[1:] == (4,)
    x1, y1, x2, y2 = faces.boxes_xyxy.T
    assert (x1 >= 0).all() and (y1 >= 0).all()
    assert (x2 <= size_hw[1]).all() and (y2 <= size_hw[0]).all()
    assert (x2 > x1).all() and (y2 > y1).all()
    assert (np.diff(faces.scores) <= 0).all()
    assert ((faces.scores > 0) & (faces.scores <= 1)).all()


def test_a_higher_threshold_finds_a_part_of_the_same_faces() -> None:
    image = np.random.default_rng(2).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    many = FaceDetector(score_threshold=0.01).detect(image)
    few = FaceDetector(score_threshold=0.9).detect(image)
    assert len(few) <= len(many)
    assert (few.scores >= 0.9).all()


def test_a_picture_does_not_change_the_next(detector: FaceDetector) -> None:
    random = np.random.default_rng(3)
    first = random.integers(0, 256, (120, 200, 3), dtype=np.uint8)
    second = random.integers(0, 256, (300, 100, 3), dtype=np.uint8)
    before = detector.detect(first)
    detector.detect(second)
    after = detector.detect(first)
    np.testing.assert_array_equal(before.boxes_xyxy, after.boxes_xyxy)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((10, 10), np.uint8),
        np.zeros((10, 10, 4), np.uint8),
        np.zeros((10, 10, 3), np.float32),
    ],
)
def test_what_is_no_picture_is_refused(detector: FaceDetector, image: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"expected a picture \(H, W, 3\) of uint8, got"):
        detector.detect(image)


def test_a_wide_and_a_square_picture_show_the_same_faces(detector: FaceDetector) -> None:
    wide = drawn_faces()
    square = np.concatenate([wide, np.zeros((280, 640, 3), np.uint8)])
    first, second, again = (detector.detect(image) for image in (wide, square, wide))
    for faces in (first, second):
        assert sorted(iou_matrix(faces.boxes_xyxy, BOXES_XYXY).argmax(axis=1)) == [0, 1, 2]
    order, other = (np.argsort(faces.boxes_xyxy[:, 0]) for faces in (first, second))
    np.testing.assert_allclose(first.boxes_xyxy[order], second.boxes_xyxy[other], atol=3)
    np.testing.assert_array_equal(first.boxes_xyxy, again.boxes_xyxy)


def test_a_box_follows_its_face_to_the_pixel(detector: FaceDetector) -> None:
    image = np.pad(drawn_faces(), ((16, 0), (16, 0), (0, 0)), mode="edge")
    height, width = image.shape[:2]
    seen = []
    for moved in range(16):
        start = 16 - moved
        boxes = detector.detect(image[start : height - moved, start : width - moved]).boxes_xyxy
        seen.append(boxes[np.argsort(boxes[:, 0])] - moved)
    # 1.3 where the surest cell alone says where a face is.
    assert np.std(seen, axis=0).mean() < 1


@pytest.mark.parametrize("longer_side", [640, 1280])
def test_a_face_and_its_mirror_image_look_into_the_camera(longer_side: int) -> None:
    detector = FaceDetector(longer_side=longer_side)
    for image in (drawn_faces(), drawn_faces()[:, ::-1]):
        faces = detector.detect(image)
        assert faces.frontality is not None and faces.frontality.shape == (3,)
        assert (faces.frontality > 0.5).all() and (faces.frontality <= 1).all()


def test_more_pixels_find_smaller_faces() -> None:
    image = np.full((720, 1280, 3), 120, np.uint8)
    # Faces of 10 to 20 pixels.
    image[300:354, 500:596] = cv2.resize(drawn_faces(), (96, 54), interpolation=cv2.INTER_AREA)
    assert len(FaceDetector().detect(image)) < 3
    assert len(FaceDetector(longer_side=1280).detect(image)) == 3


def test_more_pixels_find_a_face_that_fills_the_picture_as_well() -> None:
    image = np.full((720, 1280, 3), 120, np.uint8)
    image[:, 300:1020] = cv2.resize(drawn_faces()[40:300, 380:640], (720, 720))
    [found] = FaceDetector(longer_side=1280).detect(image).boxes_xyxy
    assert found == pytest.approx([480, 122, 840, 598], abs=25)


def test_a_size_that_does_not_fit_the_network_is_refused() -> None:
    with pytest.raises(ModelError, match="can run with an input of 100×100, got: "):
        TfliteModel(DETECTOR).resize((100, 100))


# emotion_classifier


@pytest.mark.parametrize("number", [0, 1, 2, 3, 17])
def test_probabilities_of_each_face_sum_to_one(classifier: EmotionClassifier, number: int) -> None:
    faces = np.random.default_rng(4).integers(0, 256, (number, 48, 48), dtype=np.uint8)
    probabilities = classifier.predict(faces)
    assert (probabilities.shape, probabilities.dtype) == ((number, 7), np.float32)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_a_face_is_judged_alike_alone_and_among_others(classifier: EmotionClassifier) -> None:
    faces = np.random.default_rng(5).integers(0, 256, (9, 48, 48), dtype=np.uint8)
    together = classifier.predict(faces)
    alone = np.concatenate([classifier.predict(face[None]) for face in faces])
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize(
    "faces", [np.zeros((1, 64, 64), np.uint8), np.zeros((1, 48, 48), np.float32)]
)
def test_what_are_no_faces_is_refused(classifier: EmotionClassifier, faces: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"expected faces \(N, 48, 48\) of uint8, got"):
        classifier.predict(faces)


def test_softmax_bears_large_numbers() -> None:
    probabilities = softmax(np.array([[1000, 1000], [-1000, 0]], np.float32))
    np.testing.assert_allclose(probabilities, [[0.5, 0.5], [0, 1]])
