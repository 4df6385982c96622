"""From pictures to what the networks see."""

import cv2
import numpy as np
import pytest

from edge_agent.preprocess import FACE_MARGIN, FACE_SIZE, Letterbox, face_crops


def picture(height: int = 90, width: int = 160) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    "box",
    [
        [40, 20, 80, 60],
        [40.4, 20.6, 55.5, 61.2],
        [-30, -20, 20, 30],
        [140, 70, 200, 130],
        [-500, -500, -450, -450],
        [900, 900, 950, 950],
        [-100, -100, 400, 400],
        [-1000, -1000, 2000, 2000],
        [50, 50, 50, 50],
        [50, 50, 50.2, 50.2],
        [60, 60, 50, 50],
        [0, 0, 160, 90],
        [10, 0, 12, 90],
        [159.9, 89.9, 160, 90],
    ],
)
def test_any_box_gives_a_crop(box: list[float]) -> None:
    crops = face_crops(picture(), np.array([box], np.float32))
    assert crops.shape == (1, FACE_SIZE, FACE_SIZE)
    assert crops.dtype == np.uint8


def test_no_box_gives_no_crop() -> None:
    crops = face_crops(picture(), np.empty((0, 4), np.float32))
    assert (crops.shape, crops.dtype) == ((0, FACE_SIZE, FACE_SIZE), np.uint8)


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 300), (3, 2)])
def test_a_tiny_picture_gives_crops(size_hw: tuple[int, int]) -> None:
    boxes = np.array([[0, 0, 1, 1], [-5, -5, 50, 50]], np.float32)
    assert face_crops(picture(*size_hw), boxes).shape == (2, FACE_SIZE, FACE_SIZE)


def test_a_crop_is_the_square_around_the_box_with_its_margin() -> None:
    image = picture(400, 400)
    side = round(FACE_MARGIN * 200)
    left = (400 - side) // 2
    square = cv2.cvtColor(image[left : left + side, left : left + side], cv2.COLOR_BGR2GRAY)
    expected = cv2.resize(square, (FACE_SIZE, FACE_SIZE), interpolation=cv2.INTER_AREA)
    (crop,) = face_crops(image, np.array([[130, 100, 270, 300]], np.float32))
    np.testing.assert_array_equal(crop, expected)


def test_beyond_the_border_the_nearest_pixels_are_repeated() -> None:
    image = np.zeros((100, 100, 3), np.uint8)
    image[:, 0] = 200
    (crop,) = face_crops(image, np.array([[-48, 20, 0, 68]], np.float32))
    assert (crop[:, :40] == 200).all()


def test_crops_keep_the_order_of_the_boxes_and_leave_the_picture_alone() -> None:
    image = picture()
    before = image.copy()
    boxes = np.array([[0, 0, 40, 40], [100, 30, 140, 80]], np.float32)
    together = face_crops(image, boxes)
    np.testing.assert_array_equal(together[0], face_crops(image, boxes[:1])[0])
    np.testing.assert_array_equal(together[1], face_crops(image, boxes[1:])[0])
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize(
    ("size_hw", "scale", "filled_hw"),
    [
        ((64, 64), 1.0, (64, 64)),
        ((32, 64), 1.0, (32, 64)),
        ((128, 64), 0.5, (64, 32)),
        ((90, 160), 0.4, (36, 64)),
        ((16, 16), 4.0, (64, 64)),
        ((1, 6400), 0.01, (1, 64)),
    ],
)
def test_a_letterbox_keeps_the_shape_and_leaves_the_rest_black(
    size_hw: tuple[int, int], scale: float, filled_hw: tuple[int, int]
) -> None:
    white = np.full((*size_hw, 3), 255, np.uint8)
    pixels, actual = Letterbox((64, 64)).fit(white)
    assert (pixels.shape, pixels.dtype) == ((1, 64, 64, 3), np.uint8)
    assert actual == pytest.approx(scale)
    expected = np.zeros((64, 64, 3), np.uint8)
    expected[: filled_hw[0], : filled_hw[1]] = 255
    np.testing.assert_array_equal(pixels[0], expected)


def test_a_letterbox_keeps_nothing_of_the_picture_before() -> None:
    reused = Letterbox((64, 96))
    for size_hw in [(100, 100), (40, 90), (64, 96), (300, 20), (300, 20), (20, 300), (64, 96)]:
        image = picture(*size_hw)
        pixels, scale = reused.fit(image)
        fresh, fresh_scale = Letterbox((64, 96)).fit(image)
        np.testing.assert_array_equal(pixels, fresh)
        assert scale == fresh_scale
