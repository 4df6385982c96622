"""What the page on which the networks are tried makes of a picture."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from dashboard import networks
from dashboard.networks import Networks, PictureError, draw, read_picture
from dashboard.texts import ENGLISH
from edge_agent.emotion_classifier import EmotionClassifier
from edge_agent.face_detector import FaceDetector
from edge_agent.preprocess import face_crops
from edge_agent.sample_scene import sample_frames


def scene() -> np.ndarray:
    _, image = next(sample_frames(1.0))
    return image


def encoded(image: np.ndarray, ending: str = ".png") -> bytes:
    return bytes(cv2.imencode(ending, image)[1])


def test_it_sees_what_a_device_sees() -> None:
    image = scene()
    seen = Networks().look(image)
    boxes = FaceDetector().detect(image).boxes_xyxy
    expected = EmotionClassifier().predict(face_crops(image, boxes))[boxes[:, 0].argsort()]
    assert len(seen) == len(boxes) >= 6
    np.testing.assert_allclose([face.probabilities for face in seen], expected, atol=1e-6)
    assert {face.emotion for face in seen} >= {"happy", "neutral"}
    assert all(20 < face.size < 200 and face.score > 0.5 for face in seen)


@pytest.mark.parametrize("ending", [".png", ".jpg"])
def test_a_picture_is_read(ending: str) -> None:
    image = scene()
    read = read_picture(encoded(image, ending))
    assert read.shape == image.shape
    assert np.abs(read.astype(int) - image).mean() < 5


def test_a_phones_picture_is_upright() -> None:
    lying = Image.fromarray(np.zeros((20, 40, 3), np.uint8))
    exif = lying.getexif()
    exif[0x0112] = 6  # to be turned by a quarter
    file = io.BytesIO()
    lying.save(file, "JPEG", exif=exif)
    assert read_picture(file.getvalue()).shape == (40, 20, 3)


def _gif() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (10, 10)).save(file, "GIF")
    return file.getvalue()


def _bomb() -> bytes:
    """Some bytes that would become gigabytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000)))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "broken"),
        (b"no picture", "broken"),
        (_gif(), "broken"),
        (encoded(np.zeros((50, 50, 3), np.uint8))[:60], "broken"),
        (b"\xff\xd8\xff\xe0" + bytes(1000), "broken"),
        (bytes(networks.MOST_BYTES + 1), "too_large"),
        (_bomb(), "too_large"),
    ],
)
def test_what_is_no_picture_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(PictureError) as refused:
        read_picture(content)
    assert refused.value.reason == reason


def test_every_refusal_has_a_sentence() -> None:
    assert set(ENGLISH.try_it.refused) == set(PictureError.REASONS)


def test_boxes_are_drawn_and_the_picture_shrunk_to_a_screen() -> None:
    image = cv2.resize(scene(), (3200, 1800))
    faces = Networks().look(image)
    shown = draw(image, faces, ENGLISH.common.emotions)
    assert shown.shape == (900, 1600, 3)
    left, top, _, bottom = (round(edge / 2) for edge in faces[0].box_xyxy)
    assert tuple(shown[(top + bottom) // 2, left]) == (213, 94, 0)
    assert draw(image[:1, :1], [], ENGLISH.common.emotions).shape == (1, 1, 3)
