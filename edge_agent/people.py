"""The people in view: followed, judged and counted, a frame after the other."""

import cv2
import numpy as np

from edge_agent.config import Settings
from edge_agent.emotion_classifier import EmotionClassifier
from edge_agent.emotion_counter import EmotionCounter, WindowCounts
from edge_agent.face_detector import Faces
from edge_agent.face_gate import are_large, are_turned_away
from edge_agent.face_tracker import NOBODY, FaceTracker
from edge_agent.health import StageTimer
from edge_agent.preprocess import face_crops
from edge_agent.scene_cut import SceneCut
from edge_agent.sharpness import sharpness
from edge_agent.source import Frame


class People:
    """The stages after the detector, for one room.

    Args:
        settings: all of them.
        classifier: the network.
        score_threshold: a face scored below it is nobody new, and is not judged.
        timer: is told how long it takes to classify and to count.
    """

    def __init__(
        self,
        settings: Settings,
        classifier: EmotionClassifier,
        *,
        score_threshold: float,
        timer: StageTimer,
    ) -> None:
        # OpenCV's threads would wait for work by spinning, and the stages overlap already.
        cv2.setNumThreads(1)
        self._classifier = classifier
        self._score_threshold = score_threshold
        self._timer = timer
        self._tracker = FaceTracker(score_threshold=score_threshold)
        self._scene_cut = SceneCut()
        self.use(settings)

    def use(self, settings: Settings) -> None:
        """Goes on with other settings, in an empty window."""
        self._settings = settings.classifier
        self._counter = EmotionCounter(
            confidence_threshold=settings.classifier.confidence_threshold,
            min_faces=settings.privacy.min_faces,
            repeat_seconds=settings.classifier.repeat_seconds,
        )

    def update(self, frame: Frame, faces: Faces) -> None:
        """Adds a frame to the window in hand."""
        with self._timer.measure("count"):
            if self._scene_cut.update(frame.image_bgr):
                self._tracker.reset()
            ids = self._tracker.update(faces, frame.seconds)
            chosen = self._worth_judging(ids, faces, frame.seconds)
        with self._timer.measure("classify"):
            crops = face_crops(frame.image_bgr, faces.boxes_xyxy[chosen])
            sharp = sharpness(crops) >= self._settings.least_sharpness
            probabilities = self._classifier.predict(crops[sharp])
        judged = ids[chosen][sharp]
        self._counter.update(
            frame.seconds, ids[ids != NOBODY].tolist(), judged.tolist(), probabilities
        )

    def compute(self) -> WindowCounts:
        """The counts of the window in hand so far."""
        return self._counter.compute()

    def reset(self) -> None:
        """Begins the next window."""
        self._counter.reset()

    def forget(self) -> None:
        """What comes is not the continuation of what was seen: nobody is anybody of before."""
        self._tracker.reset()
        self._scene_cut.reset()

    def _worth_judging(self, ids: np.ndarray, faces: Faces, seconds: float) -> np.ndarray:
        """(N,) bool: faces certain, large and frontal enough, and not judged just now."""
        good = (
            (ids != NOBODY)
            & (faces.scores >= self._score_threshold)
            & are_large(faces, self._settings)
            & ~are_turned_away(faces, self._settings)
        )
        good[good] = self._counter.needs_judging(ids[good], seconds)
        return good
