"""The camera that training imitates against OpenCV, which does the same outside of the network."""

import cv2
import numpy as np
import pytest

pytest.importorskip("keras", reason="training needs Keras: install the extra 'training'")

from training.augmentation import FaceAugmentation, transformed
from training.camera import Camera, enlarging, jpeg, shrinking


def picture() -> np.ndarray:
    """(48, 48) float32: waves and a ball, so that there is something to lose."""
    rows, columns = np.mgrid[0:48, 0:48]
    waves = 128 + 60 * np.sin(rows / 3) * np.cos(columns / 5)
    ball = 60.0 * ((rows - 20) ** 2 + (columns - 30) ** 2 < 80)
    return np.clip(waves + ball, 0, 255).astype(np.uint8).astype(np.float32)


@pytest.mark.parametrize("size", [12, 16, 24, 32, 48])
def test_shrinking_and_enlarging_are_opencvs(size: int) -> None:
    start, sizes = np.zeros((1, 1), np.float32), np.full((1, 1), size, np.float32)
    shrink = np.asarray(shrinking(start, sizes, np.zeros((1, 1), np.float32)))[0]
    small = (shrink @ picture() @ shrink.T)[:size, :size]
    expected = cv2.resize(picture(), (size, size), interpolation=cv2.INTER_AREA)
    assert small == pytest.approx(expected, abs=0.01)
    enlarge = np.asarray(enlarging(start, sizes, np.zeros((1, 1, 1), bool)))[0][:, :size]
    back = cv2.resize(expected, (48, 48), interpolation=cv2.INTER_LINEAR)
    assert enlarge @ small @ enlarge.T == pytest.approx(back, abs=0.01)


@pytest.mark.parametrize("quality", [20, 50, 90])
def test_compression_is_jpegs(quality: int) -> None:
    ours = np.asarray(jpeg(picture()[None], np.full((1, 1, 1), quality, np.float32)))[0]
    encoded = cv2.imencode(".jpg", picture().astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality])[
        1
    ]
    theirs = cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE).astype(np.float32)
    assert np.abs(np.clip(ours, 0, 255) - theirs).mean() < 0.6


def test_every_face_is_seen_in_a_way_of_its_own_and_none_where_none_is_asked_for() -> None:
    faces = np.tile(picture()[None, ..., None], (6, 1, 1, 1))
    seen = np.asarray(Camera(seed=1, share=1.0)(faces))
    assert seen.shape == faces.shape
    assert np.isfinite(seen).all()
    assert all(np.abs(seen[0] - other).mean() > 0.5 for other in seen[1:])
    assert np.array_equal(np.asarray(Camera(seed=1, share=0.0)(faces)), faces)


def test_augmentation_leaves_faces_alone_outside_of_training() -> None:
    augmentation = FaceAugmentation(seed=1, small_face_share=0, side_light=0.3, camera={})
    faces = picture()[None, ..., None].astype(np.uint8)
    assert np.array_equal(np.asarray(augmentation(faces)), faces)
    changed = np.asarray(augmentation(faces, training=True))
    assert changed.min() >= 0
    assert changed.max() <= 255
    assert np.abs(changed - faces).mean() > 1


def test_faces_are_turned_and_moved_as_opencv_does() -> None:
    transforms = np.array(
        [[1, 0, 3, 0, 1, 0], [-1, 0, 47, 0, 1, -2.5], [0.9, 0.2, 1.5, -0.2, 1.1, 4]], np.float32
    )
    faces = np.tile(picture()[None, ..., None], (3, 1, 1, 1))
    ours = np.asarray(transformed(faces, transforms))
    for face, transform in zip(ours, transforms, strict=True):
        expected = cv2.warpAffine(
            picture(),
            transform.reshape(2, 3),
            (48, 48),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        # OpenCV rounds places to a thirty-second of a pixel.
        assert np.abs(face[..., 0] - expected).max() < 3
        assert np.abs(face[..., 0] - expected).mean() < 0.3
