"""Joins the stages: source → detect → track → classify → count → publish."""

import logging
import random
import threading
import time
import uuid
from datetime import datetime, timedelta, timezone
from platform import python_version

import numpy as np

from edge_agent import __version__
from edge_agent.camera import Frame, Source, open_source
from edge_agent.config import Settings
from edge_agent.emotion_classifier import EmotionClassifier
from edge_agent.emotion_counter import EmotionCounter
from edge_agent.emotions import EMOTIONS
from edge_agent.errors import SourceError
from edge_agent.face_detector import FaceDetector
from edge_agent.face_tracker import FaceTracker
from edge_agent.health import StageTimer, clock_synced, cpu_temperature_c, memory_mb, throttled
from edge_agent.messages import (
    Counts,
    EmotionCounts,
    Health,
    ModelHashes,
    Reason,
    State,
    Status,
    Versions,
)
from edge_agent.preprocess import face_crops
from edge_agent.publisher import MqttPublisher, PrintPublisher, Publisher
from edge_agent.tflite_model import runtime_version

_LOG = logging.getLogger(__name__)
_RETRY_SECONDS = (1.0, 60.0)


class Agent:
    """One device, from its start to its end.

    Args:
        settings: the validated configuration.
        printing: write messages to standard output in place of MQTT.
        fast: take every frame of a file as quickly as possible, on the file's clock.

    Raises:
        EdgeAgentError: when a network or certificate does not fit; see `run` for the rest.
    """

    def __init__(self, settings: Settings, *, printing: bool = False, fast: bool = False) -> None:
        self._settings = settings
        self._fast = fast
        detector, classifier = settings.detector, settings.classifier
        self._detector = FaceDetector(
            detector.model, score_threshold=detector.score_threshold, num_threads=detector.threads
        )
        self._classifier = EmotionClassifier(classifier.model, num_threads=classifier.threads)
        self._tracker = FaceTracker()
        self._counter = EmotionCounter(
            confidence_threshold=classifier.confidence_threshold,
            min_faces=settings.privacy.min_faces,
        )
        self._boot_id = uuid.uuid4().hex
        self._seq = 0
        self._stopping = threading.Event()
        self._paused = threading.Event()
        self._woken = threading.Event()
        self._timer = StageTimer()
        self._dropped = 0
        self._next_health = time.monotonic() + settings.health.interval_seconds
        self._window_start: float | None = None
        self._last_seconds = 0.0
        self._utc_of_zero: datetime | None = None
        self._publisher: Publisher = (
            PrintPublisher(settings.deployment.site, settings.deployment.device)
            if printing
            else MqttPublisher(
                settings.mqtt,
                site=settings.deployment.site,
                device=settings.deployment.device,
                will=self._status("offline", "connection_lost"),
                on_command=self._command,
            )
        )

    def run(self) -> None:
        """Runs until the source ends or `stop` is called.

        Raises:
            SourceError: when the source cannot be opened at the start.
            BrokerError: when the broker cannot be reached at the start.
        """
        source = open_source(self._settings.camera, fast=self._fast)
        reason: Reason = "failed"
        try:
            _LOG.info("source: %s", source.name)
            started = self._status("online", "started")
            if isinstance(self._publisher, MqttPublisher):
                self._publisher.connect(started)
            else:
                self._publisher.status(started)
            try:
                reason = self._run(source)
            finally:
                self._publisher.close(self._status("offline", reason))
        finally:
            source.close()

    def stop(self) -> None:
        """Ends `run` after the frame in hand; safe in a signal handler and in other threads."""
        self._stopping.set()
        self._woken.set()

    def _run(self, source: Source | None) -> Reason:
        while not self._stopping.is_set():
            if self._paused.is_set():
                self._wait_while_paused()
                continue
            source = source or self._reopen()
            if source is None:
                continue
            with source:
                try:
                    self._follow(source)
                except SourceError as error:
                    _LOG.error("%s", error)
            ended = not (self._stopping.is_set() or self._paused.is_set())
            if ended and not source.live:
                self._finish_window()
                return "source_ended"
            if ended:
                self._publisher.status(self._status("online", "camera_lost"))
            self._finish_window()
            self._tracker.reset()
            source = None
        return "stopped"

    def _follow(self, source: Source) -> None:
        """Takes frames until the source ends, or somebody wants something else."""
        while not self._stopping.is_set() and not self._paused.is_set():
            with self._timer.measure("capture"):
                frame = next(source.frames, None)
            if frame is None:
                return
            self._take(frame)

    def _take(self, frame: Frame) -> None:
        self._advance_window(frame.seconds)
        self._dropped += frame.dropped
        with self._timer.measure("detect"):
            faces = self._detector.detect(frame.image_bgr)
        with self._timer.measure("classify"):
            sides = np.min(faces.boxes_xyxy[:, 2:] - faces.boxes_xyxy[:, :2], axis=1, initial=1e9)
            good = sides >= self._settings.classifier.smallest_face_pixels
            probabilities = self._classifier.predict(
                face_crops(frame.image_bgr, faces.boxes_xyxy[good])
            )
        with self._timer.measure("count"):
            track_ids = self._tracker.update(faces, frame.seconds)
            self._counter.update(track_ids, probabilities, good)
        self._last_seconds = frame.seconds
        if time.monotonic() >= self._next_health:
            self._next_health = time.monotonic() + self._settings.health.interval_seconds
            self._publish_health()

    def _advance_window(self, seconds: float) -> None:
        """Closes windows that ended before this moment, and begins the one it lies in."""
        length = self._settings.window.seconds
        if self._window_start is None:
            self._window_start = seconds
        while seconds >= self._window_start + length:
            end = self._window_start + length
            self._publish_window(self._window_start, end)
            self._window_start = end

    def _finish_window(self) -> None:
        """Closes the window in hand early, at its last frame."""
        if self._window_start is not None and self._counter.compute().frames:
            self._publish_window(self._window_start, self._last_seconds)
        self._window_start = None

    def _publish_window(self, start: float, end: float) -> None:
        found = self._counter.compute()
        self._counter.reset()
        counts = None
        if found.counts is not None:
            counts = EmotionCounts(**{emotion: found.counts[emotion] for emotion in EMOTIONS})
        utc_of_zero = self._utc_of_source_zero()
        faces = None
        if counts is not None and found.uncertain is not None:
            faces = counts.total() + found.uncertain
        self._publisher.counts(
            Counts(
                v=1,
                device=self._settings.deployment.device,
                boot_id=self._boot_id,
                seq=self._seq,
                window_start=utc_of_zero + timedelta(seconds=start),
                window_end=utc_of_zero + timedelta(seconds=end),
                clock_synced=clock_synced(),
                frames=found.frames,
                faces=faces,
                counts=counts,
                uncertain=found.uncertain,
                suppressed=found.suppressed,
                replayed=False,
            )
        )
        self._seq += 1

    def _utc_of_source_zero(self) -> datetime:
        """The moment at which the source's clock stood at zero.

        A live source's clock is monotonic time: asking anew for each window follows a clock
        that is set right while the agent runs. A video's clock is pinned once.
        """
        now = datetime.now(timezone.utc)
        if not self._fast:
            return now - timedelta(seconds=time.monotonic())
        if self._utc_of_zero is None:
            self._utc_of_zero = now
        return self._utc_of_zero

    def _publish_health(self) -> None:
        fps, stage_ms = self._timer.compute()
        self._publisher.health(
            Health(
                boot_id=self._boot_id,
                fps=fps,
                stage_ms=stage_ms,
                dropped_frames=self._dropped,
                outbox_depth=self._publisher.outbox_depth,
                cpu_temperature_c=cpu_temperature_c(),
                throttled=throttled(),
                memory_mb=memory_mb(),
            )
        )

    def _status(self, state: State, reason: Reason) -> Status:
        return Status(
            state=state,
            boot_id=self._boot_id,
            reason=reason,
            versions=Versions(
                agent=__version__, python=python_version(), runtime=runtime_version()
            ),
            model_sha256=ModelHashes(
                face_detector=self._detector.sha256, emotion_classifier=self._classifier.sha256
            ),
            window_seconds=self._settings.window.seconds,
            min_faces=self._settings.privacy.min_faces,
        )

    def _command(self, command: str) -> None:
        if command == "pause":
            self._paused.set()
        else:
            self._paused.clear()
        self._woken.set()

    def _wait_while_paused(self) -> None:
        """Paused means that the camera is released, until somebody resumes or stops."""
        self._publisher.status(self._status("paused", "command_pause"))
        while self._paused.is_set() and not self._stopping.is_set():
            self._woken.wait()
            self._woken.clear()
        if not self._stopping.is_set():
            self._publisher.status(self._status("online", "command_resume"))

    def _reopen(self) -> Source | None:
        """Opens the source again, patiently; None when something else is wanted meanwhile."""
        wait, longest = _RETRY_SECONDS
        lost = False
        while not self._stopping.is_set() and not self._paused.is_set():
            try:
                source = open_source(self._settings.camera, fast=self._fast)
            except SourceError as error:
                _LOG.warning("%s; trying again in %.0f s", error, wait)
                lost = True
                # Jitter keeps a hub full of cameras from being asked in step.
                self._woken.wait(wait * random.uniform(0.7, 1.3))
                self._woken.clear()
                wait = min(wait * 2, longest)
                continue
            if lost:
                self._publisher.status(self._status("online", "camera_found"))
            return source
        return None
