"""The crops that the detector is trained on."""

import numpy as np

from training.face_detector.augmentation import random_crop
from training.wider_face import LabelledPicture

SIZE = 320


def picture(*boxes: tuple[float, float, float, float], ignored: bool = False) -> LabelledPicture:
    """640 x 480 grey pixels, each face a white box."""
    image = np.full((480, 640, 3), 90, np.uint8)
    for x1, y1, x2, y2 in np.array(boxes, int):
        image[y1:y2, x1:x2] = 255
    return LabelledPicture(
        "event/picture.jpg",
        image,
        np.array(boxes, np.float32),
        np.full(len(boxes), ignored),
        np.zeros((len(boxes), 6), int),
    )


def heights(share: float, *, number: int = 300) -> list[float]:
    """Of the faces in so many crops of a picture with a face of 30 x 40 pixels."""
    random = np.random.default_rng(0)
    one = picture((300, 200, 330, 240))
    result: list[float] = []
    for _ in range(number):
        _, faces, _ = random_crop(one, SIZE, random, face_share=share)
        result += [y2 - y1 for _, y1, _, y2, flag in faces if flag]
    return result


def test_around_a_face_each_crop_holds_it_whole_and_at_any_size() -> None:
    found = heights(1.0)
    assert len(found) == 300
    # 40 pixels are enlarged by 2.5 at the most.
    assert 8 <= min(found) < 10
    assert 90 < max(found) <= 101
    counts, _ = np.histogram(np.log(found), bins=3, range=(np.log(8), np.log(100)))
    assert counts.min() > 60


def test_a_random_place_often_holds_none() -> None:
    assert len(heights(0.0)) < 250


def test_the_box_lies_on_the_face() -> None:
    random = np.random.default_rng(1)
    one = picture((300, 200, 360, 280))
    for _ in range(20):
        image, faces, _ = random_crop(one, SIZE, random, face_share=1.0)
        x1, y1, x2, y2 = faces[0, :4]
        middle = image[int((y1 + y2) / 2), int((x1 + x2) / 2)].mean()
        beside = image[int((y1 + y2) / 2), max(0, int(x1) - 5)].mean()
        assert middle > beside + 20 or x1 < 6


def test_a_picture_without_a_face_is_cropped_anywhere() -> None:
    random = np.random.default_rng(0)
    one = picture((300, 200, 330, 240), ignored=True)
    image, faces, _ = random_crop(one, SIZE, random, face_share=1.0)
    assert image.shape == (SIZE, SIZE, 3)
    assert not faces[:, 4].any()
