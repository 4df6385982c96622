"""Joins the stages: source → detect → track → classify → count → publish."""

import contextlib
import logging
import queue
import random
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
_EARLIEST = datetime(2020, 1, 1, tzinfo=timezone.utc)


class Agent:
    """One device, from its start to its end.

    Args:
        settings: the validated configuration.
        printing: write messages to standard output in place of MQTT.
        fast: take every frame of a file as quickly as possible, on the file's clock.
        loop: start a file again when it ends; not with `fast`, whose clock would go back.
        demo: where no camera is found, the sample scene may stand in, as it may when printing;
            a real device must not publish invented counts.

    Raises:
        EdgeAgentError: when a network or certificate does not fit; see `run` for the rest.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        printing: bool = False,
        fast: bool = False,
        loop: bool = False,
        demo: bool = False,
    ) -> None:
        self._settings = settings
        self._fast = fast
        self._loop = loop and not fast
        self._camera_only = not (printing or demo)
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
        self._stopping = False
        self._paused = False
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
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
            OSError: when standard output cannot be written.
        """
        source = open_source(self._settings.camera, fast=self._fast, camera_only=self._camera_only)
        try:
            self._publisher.connect(
                self._status("online", "started"), stopping=lambda: self._stopping
            )
        except BaseException:
            source.close()
            raise
        _LOG.info("source: %s", source.name)
        reason: Reason = "failed"
        try:
            reason = self._run(source)
        finally:
            self._publisher.close(self._status("offline", reason))

    def stop(self) -> None:
        """Ends `run` after the frame in hand; safe in a signal handler and in other threads."""
        # Neither of the two takes a lock that the interrupted code may hold.
        self._stopping = True
        self._wake.put(None)

    def _run(self, source: Source) -> Reason:
        opened: Source | None = source
        while opened is not None:
            with opened:
                ended = self._follow(opened)
            self._finish_window()
            self._tracker.reset()
            if ended and not (opened.live or self._loop):
                return "source_ended"
            lost = ended and opened.live
            if lost:
                self._publisher.status(self._status("online", "camera_lost"))
            opened = self._reopen(lost=lost, camera_only=opened.live or self._camera_only)
        return "stopped"

    def _follow(self, source: Source) -> bool:
        """Takes frames until somebody wants something else; True when the source ended first."""
        while not self._stopping and not self._paused:
            try:
                with self._timer.measure("capture"):
                    frame = next(source.frames, None)
            except SourceError as error:
                _LOG.error("%s", error)
                return True
            if frame is None:
                return True
            self._take(frame)
        return False

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
        self._report_health_if_due()

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
        # The next source has a clock of its own.
        self._utc_of_zero = None

    def _publish_window(self, start: float, end: float) -> None:
        found = self._counter.compute()
        self._counter.reset()
        counts = None
        if found.counts is not None:
            counts = EmotionCounts(**{emotion: found.counts[emotion] for emotion in EMOTIONS})
        window_start = self._utc_of_source_zero() + timedelta(seconds=start)
        faces = None
        if counts is not None and found.uncertain is not None:
            faces = counts.total() + found.uncertain
        self._publisher.counts(
            Counts(
                v=1,
                device=self._settings.deployment.device,
                boot_id=self._boot_id,
                seq=self._seq,
                window_start=window_start,
                # Not from the source's clock: rounding twice could exceed the longest window.
                window_end=window_start + timedelta(seconds=end - start),
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
        # A board without a clock of its own may start in 1970, which no message can carry;
        # clock_synced tells that the time is not to be believed.
        if not self._fast:
            return max(now - timedelta(seconds=time.monotonic()), _EARLIEST)
        if self._utc_of_zero is None:
            self._utc_of_zero = max(now, _EARLIEST)
        return self._utc_of_zero

    def _report_health_if_due(self) -> None:
        if time.monotonic() < self._next_health:
            return
        self._next_health = time.monotonic() + self._settings.health.interval_seconds
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
        self._paused = command == "pause"
        self._wake.put(None)

    def _wait_while_paused(self) -> None:
        """Paused means that the camera is released, until somebody resumes or stops."""
        self._publisher.status(self._status("paused", "command_pause"))
        while self._paused and not self._stopping:
            self._sleep(_RETRY_SECONDS[1])
        if not self._stopping:
            self._publisher.status(self._status("online", "command_resume"))

    def _reopen(self, *, lost: bool, camera_only: bool) -> Source | None:
        """Opens the source again, patiently; None when the agent is to stop.

        Args:
            lost: whether it broke, and the state says so.
            camera_only: it was a camera, which a sample scene must not replace.
        """
        wait, longest = _RETRY_SECONDS
        while not self._stopping:
            if self._paused:
                self._wait_while_paused()
                continue
            if lost:
                # Jitter keeps a hub full of cameras from being asked in step.
                self._sleep(wait * random.uniform(0.7, 1.3))
                wait = min(wait * 2, longest)
                if self._paused or self._stopping:
                    continue
            try:
                source = open_source(
                    self._settings.camera, fast=self._fast, camera_only=camera_only
                )
            except SourceError as error:
                _LOG.warning("%s", error)
                if not lost:
                    self._publisher.status(self._status("online", "camera_lost"))
                lost = True
                continue
            if lost:
                self._publisher.status(self._status("online", "camera_found"))
            return source
        return None

    def _sleep(self, seconds: float) -> None:
        """Waits until then or until somebody wants something; reports go on meanwhile."""
        until = time.monotonic() + seconds
        while (now := time.monotonic()) < until:
            with contextlib.suppress(queue.Empty):
                self._wake.get(timeout=max(0.0, min(until, self._next_health) - now))
                return
            self._report_health_if_due()
