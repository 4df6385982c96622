"""Joins the stages: source → detect → track → classify → count → publish."""

import logging
import time
from collections.abc import Callable
from typing import Final

from edge_agent.camera import Frame, Source, open_source
from edge_agent.config import Settings
from edge_agent.control import Control
from edge_agent.demand import Demand
from edge_agent.emotion_classifier import EmotionClassifier
from edge_agent.errors import ConfigError
from edge_agent.face_detector import FaceDetector, Faces
from edge_agent.face_search import FaceSearch
from edge_agent.frame_rate import CpuShare, frame_rate
from edge_agent.health import StageTimer, cpu_temperature_c, throttled
from edge_agent.home_assistant import discovery
from edge_agent.lifecycle import Lifecycle
from edge_agent.messages import ModelHashes, Reason, State
from edge_agent.mqtt_publisher import MqttPublisher
from edge_agent.notify import notifier
from edge_agent.outbox import Outbox, open_outbox
from edge_agent.pause import Pause, pause_file
from edge_agent.people import People
from edge_agent.pipeline import Detected
from edge_agent.publisher import PrintPublisher, Publisher
from edge_agent.reload import reloaded
from edge_agent.reports import Reports
from edge_agent.state_file import StateFile, path_of_service
from edge_agent.timetable import Timetable
from edge_agent.window import Span, WindowClock

_LOG = logging.getLogger(__name__)
_RATE_SECONDS = 5.0
UNSURE_SCORE: Final = 0.5
"""Faces scored below it do not even continue a track: the lower, the longer something stays that
was taken for a face once."""


class Agent:
    """One device, from its start to its end: the work that its lifecycle calls for.

    Args:
        settings: the validated configuration.
        printing: write messages to standard output in place of MQTT.
        fast: take every frame of a file as quickly as possible, on the file's clock.
        loop: start a file again when it ends; not with `fast`, whose clock would go back.
        demo: where no camera is found, the sample scene may stand in, as it may when printing;
            a real device must not publish invented counts.
        read_settings: reads the configuration again, for `reload`.

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
        read_settings: Callable[[], Settings] | None = None,
    ) -> None:
        self._fast = fast
        self._camera_only = not (printing or demo)
        self._read_settings = read_settings
        detector, classifier = settings.detector, settings.classifier
        self._detector = FaceDetector(
            detector.model,
            score_threshold=min(UNSURE_SCORE, detector.score_threshold or 1.0),
            longer_side=detector.longer_side,
            num_threads=detector.threads,
        )
        judge = EmotionClassifier(classifier.model, num_threads=classifier.threads)
        self._timer = StageTimer()
        self._people = People(
            settings,
            judge,
            score_threshold=detector.score_threshold or self._detector.released_threshold,
            timer=self._timer,
        )
        hashes = ModelHashes(face_detector=self._detector.sha256, emotion_classifier=judge.sha256)
        self._reports = Reports(settings, hashes, self._timer)
        # What a demo counted, and that it was paused, is of no use to the next one.
        kept = not (printing or demo)
        self._control = Control(Pause(pause_file(settings.deployment) if kept else None))
        self._notifier = notifier()
        self._state_file = StateFile(path_of_service() if kept else None, self._reports.boot_id)
        self._lifecycle = Lifecycle(
            self._control, self, self._notifier, every_frame=fast, loop=loop and not fast
        )
        self._told: tuple[State, Reason] = ("online", "started")
        self._last_seconds = 0.0
        self._demand = Demand(settings.camera.frames_per_second)
        self._cpu_share = CpuShare()
        self._next_health = 0.0
        self._next_rate = time.monotonic() + _RATE_SECONDS
        self._use(settings)
        self._publisher = self._open_publisher(printing=printing, kept=kept)

    def run(self) -> None:
        """Runs until the source ends or `stop` is called.

        Raises:
            SourceError: when the source cannot be opened at the start.
            BrokerError: when the broker cannot be reached at the start.
            OSError: when standard output cannot be written.
        """
        rest = self._control.rest()
        if rest is not None:
            self._told = ("paused", rest)
        try:
            if rest is None:
                self._lifecycle.open()
            first = self._reports.status(*self._told)
            self._publisher.connect(first, stopping=lambda: self._control.stopping)
        except BaseException:
            self._lifecycle.close()
            raise
        self._notifier.ready()
        self._state_file.tell(*self._told)
        reason: Reason = "failed"
        try:
            reason = self._lifecycle.run()
        finally:
            self._notifier.stopping()
            self._state_file.tell("offline", reason)
            try:
                self._publisher.close(self._reports.status("offline", reason))
            finally:
                # A network that runs while Python ends would abort the process.
                self._lifecycle.close()

    def stop(self) -> None:
        """Ends `run` after the frame in hand; safe in a signal handler and in other threads."""
        self._control.stop()

    def reload(self) -> None:
        """Has the configuration read again; safe where `stop` is."""
        self._control.reload()

    # What the lifecycle calls for

    def open(self, stopping: Callable[[], bool]) -> Source:
        """Opens the source that the settings name."""
        self._demand = Demand(self._rate.frames_per_second, stopping)
        source = open_source(
            self._settings.camera,
            fast=self._fast,
            camera_only=self._camera_only,
            demand=self._demand,
        )
        # A camera that is lost in mid-lesson must not be replaced by the sample scene.
        self._camera_only |= source.live
        return source

    def search(self) -> Callable[[Frame], Faces]:
        """A new search: nothing of one source is known in the next, or kept while paused."""
        repeat_seconds = self._settings.detector.repeat_seconds
        return FaceSearch(self._detector, repeat_seconds=repeat_seconds).find

    def count(self, found: Detected) -> None:
        """Takes a frame and its faces, and publishes the windows that ended before it."""
        for span in self._clock.advance(found.frame.seconds):
            self._publish_window(span)
        self._timer.add("capture", found.capture_seconds)
        self._timer.add("detect", found.detect_seconds)
        self._people.update(found.frame, found.faces)
        self._reports.dropped += found.frame.dropped
        self._last_seconds = found.frame.seconds

    def break_off(self) -> None:
        """Publishes the window in hand, ended early; what comes later is no continuation."""
        span = self._clock.finish(self._last_seconds)
        if span is not None and self._people.compute().frames:
            self._publish_window(span)
        self._people.forget()

    def tell(self, state: State, reason: Reason) -> None:
        """Tells the state, if it is another one."""
        if (state, reason) == self._told:
            return
        self._told = state, reason
        self._publisher.status(self._reports.status(state, reason))
        self._notifier.status(f"{state}: {reason}")
        self._state_file.tell(state, reason)

    def tick(self) -> float:
        """Reports and adapts when that is due; returns the seconds until something is again."""
        now = time.monotonic()
        if self._publisher.delivered:
            self._state_file.delivered()
        if now >= self._next_health:
            self._next_health = now + self._settings.health.interval_seconds
            self._publisher.health(self._reports.health(self._publisher))
        if now >= self._next_rate:
            self._next_rate = now + _RATE_SECONDS
            self._adapt()
        return min(self._next_health, self._next_rate) - now

    def configure(self) -> bool:
        """Reads the configuration again; whether the source is another one now."""
        if self._read_settings is None:
            _LOG.warning("there is no configuration to read again: none was given with --config")
            return False
        try:
            settings, waiting = reloaded(self._settings, self._read_settings())
        except ConfigError as error:
            _LOG.error("the old settings stay in force: %s", error)
            return False
        other_source = settings.camera != self._settings.camera
        self.break_off()
        self._use(settings)
        self._people.use(settings)
        self._reports.settings = settings
        _LOG.info("the new settings are in force")
        if waiting:
            _LOG.warning("these wait for the next start: %s", ", ".join(waiting))
        self.tell(self._told[0], "reloaded")
        return other_source

    def _use(self, settings: Settings) -> None:
        self._settings = settings
        self._clock = WindowClock(settings.window.seconds, pinned=self._fast)
        self._rate = frame_rate(settings)
        self._demand.frames_per_second = self._rate.frames_per_second
        self._next_health = time.monotonic() + settings.health.interval_seconds
        self._control.timetable = Timetable(settings.timetable.active)

    def _publish_window(self, span: Span) -> None:
        found = self._people.compute()
        self._people.reset()
        self._publisher.counts(self._reports.counts(span, found))
        self._state_file.counted()

    def _adapt(self) -> None:
        """Looks at more or fewer frames from now on."""
        before = self._rate.frames_per_second
        rate = self._rate.update(
            temperature_c=cpu_temperature_c(),
            throttled=throttled(),
            cpu_share=self._cpu_share.compute(),
        )
        if self._fast or rate == before:
            return
        self._demand.frames_per_second = rate
        _LOG.info("%.2g frames a second are looked at from now on", rate)

    def _open_publisher(self, *, printing: bool, kept: bool) -> Publisher:
        deployment = self._settings.deployment
        if printing:
            return PrintPublisher(deployment.site, deployment.device)
        announcement = None
        if self._settings.mqtt.home_assistant:
            announcement = discovery(
                deployment.site,
                deployment.device,
                window_seconds=self._settings.window.seconds,
                health_seconds=self._settings.health.interval_seconds,
            )
        outbox = Outbox()
        if kept:
            outbox = open_outbox(
                self._settings.outbox, site=deployment.site, device=deployment.device
            )
        return MqttPublisher(
            self._settings.mqtt,
            site=deployment.site,
            device=deployment.device,
            will=self._reports.status("offline", "connection_lost"),
            on_command=self._control.command,
            outbox=outbox,
            announcement=announcement,
        )
