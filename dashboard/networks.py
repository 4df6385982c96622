"""Runs the agent's own detector and classifier on a picture; needs the agent's packages.

Imported by the page on which they are tried, and only there.
"""

import io
import threading
import warnings
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont, UnidentifiedImageError

from edge_agent.config import Classifier
from edge_agent.emotion_classifier import EmotionClassifier
from edge_agent.emotions import EMOTIONS
from edge_agent.face_detector import FaceDetector
from edge_agent.face_gate import are_large, are_turned_away
from edge_agent.preprocess import face_crops
from edge_agent.sharpness import sharpness

FORMATS: Final = ("JPEG", "PNG")
MOST_BYTES: Final = 10_000_000
MOST_PIXELS: Final = 40_000_000
_USUAL: Final = Classifier()
_SHOWN_SIDE: Final = 1600
_COLOUR: Final = (213, 94, 0)


class PictureError(ValueError):
    """A file that is no picture that could be looked at; ``reason`` is one of `REASONS`."""

    REASONS = ("too_large", "broken")

    def __init__(self, reason: str) -> None:
        """Keeps the reason."""
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, eq=False)
class SeenFace:
    """A face as the networks see it.

    Attributes:
        box_xyxy: in pixels of the picture.
        score: of the detector, 0..1.
        probabilities: (7,) float32, in the order of `EMOTIONS`.
        is_judged: whether a device, as it is set by default, would let the classifier judge it.
    """

    box_xyxy: tuple[int, int, int, int]
    score: float
    probabilities: np.ndarray
    is_judged: bool

    @property
    def size(self) -> int:
        """The longer side of its box, in pixels."""
        left, top, right, bottom = self.box_xyxy
        return max(right - left, bottom - top)

    @property
    def emotion(self) -> str:
        """The most probable one."""
        return EMOTIONS[int(self.probabilities.argmax())]

    @property
    def is_certain(self) -> bool:
        """Whether a device, as it is set by default, would count it with its emotion."""
        sure = float(self.probabilities.max()) >= _USUAL.confidence_threshold
        return sure and self.is_judged


class Networks:
    """The released networks, one picture at a time. Safe to use from several threads."""

    def __init__(self) -> None:
        """Loads both.

        Raises:
            ModelError: when they do not fit their cards.
        """
        self._lock = threading.Lock()
        self._detector = FaceDetector()
        self._classifier = EmotionClassifier()

    def look(self, image_bgr: np.ndarray) -> list[SeenFace]:
        """The faces of a picture, (H, W, 3) uint8, from left to right."""
        with self._lock:
            faces = self._detector.detect(image_bgr)
            crops = face_crops(image_bgr, faces.boxes_xyxy)
            probabilities = self._classifier.predict(crops)
        judged = (
            are_large(faces, _USUAL)
            & ~are_turned_away(faces, _USUAL)
            & (sharpness(crops) >= _USUAL.least_sharpness)
        )
        boxes = np.round(faces.boxes_xyxy).astype(int)
        seen = [
            SeenFace(tuple(box.tolist()), float(score), row, bool(good))
            for box, score, row, good in zip(
                boxes, faces.scores, probabilities, judged, strict=True
            )
        ]
        return sorted(seen, key=lambda face: face.box_xyxy)


def read_picture(content: bytes) -> np.ndarray:
    """A JPEG or PNG as (H, W, 3) uint8 BGR, upright.

    Raises:
        PictureError: for what is none, or has too many bytes or pixels.
    """
    if len(content) > MOST_BYTES:
        raise PictureError("too_large")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # looked at below
            with Image.open(io.BytesIO(content), formats=FORMATS) as header:
                width, height = header.size
    except Image.DecompressionBombError as error:
        raise PictureError("too_large") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise PictureError("broken") from error
    if width * height > MOST_PIXELS:
        raise PictureError("too_large")
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise PictureError("broken") from error
    if image is None:
        raise PictureError("broken")
    return image


def draw(image_bgr: np.ndarray, faces: list[SeenFace], words: dict[str, str]) -> np.ndarray:
    """The picture with numbered boxes, as RGB, not larger than a screen.

    Args:
        words: emotion, or ``uncertain`` → the word for it.
    """
    rows, columns = image_bgr.shape[:2]
    scale = min(1.0, _SHOWN_SIDE / max(rows, columns))
    size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    shown = cv2.resize(image_bgr, size, interpolation=cv2.INTER_AREA) if scale < 1 else image_bgr
    picture = Image.fromarray(cv2.cvtColor(shown, cv2.COLOR_BGR2RGB))
    pen = ImageDraw.Draw(picture)
    height = max(14, size[0] // 60)
    font = ImageFont.load_default(height)
    for number, face in enumerate(faces, start=1):
        box = [round(edge * scale) for edge in face.box_xyxy]
        pen.rectangle(box, outline=_COLOUR, width=3)
        emotion = words[face.emotion if face.is_certain else "uncertain"]
        text = f"{number} {emotion}"
        place = (box[0], max(0, box[1] - height - 6))
        pen.rectangle(pen.textbbox(place, text, font=font), fill=_COLOUR)
        pen.text(place, text, font=font, fill="white")
    return np.asarray(picture)
