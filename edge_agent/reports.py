"""Writes the messages of one start of a device: its status, its windows, its health."""

import uuid
from platform import python_version

from edge_agent import __version__
from edge_agent.config import Settings
from edge_agent.emotion_counter import WindowCounts
from edge_agent.emotions import EMOTIONS
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
from edge_agent.publisher import Publisher
from edge_agent.tflite_model import runtime_version
from edge_agent.window import Span


class Reports:
    """All that the messages of this start have in common, and the number of the next window.

    Args:
        settings: all of them.
        hashes: of the networks in use.
        timer: knows how long the stages take.

    Attributes:
        settings: may be set at any time.
        dropped: frames passed over since the start.
        boot_id: names this start.
    """

    def __init__(self, settings: Settings, hashes: ModelHashes, timer: StageTimer) -> None:
        self.settings = settings
        self.dropped = 0
        self._hashes = hashes
        self._timer = timer
        self.boot_id = uuid.uuid4().hex
        self._seq = 0

    def status(self, state: State, reason: Reason) -> Status:
        """The device's state."""
        return Status(
            state=state,
            boot_id=self.boot_id,
            reason=reason,
            versions=Versions(
                agent=__version__, python=python_version(), runtime=runtime_version()
            ),
            model_sha256=self._hashes,
            window_seconds=self.settings.window.seconds,
            min_faces=self.settings.privacy.min_faces,
        )

    def counts(self, span: Span, found: WindowCounts) -> Counts:
        """The next window."""
        counts = None
        if found.counts is not None:
            counts = EmotionCounts(**{emotion: found.counts[emotion] for emotion in EMOTIONS})
        faces = None
        if counts is not None and found.uncertain is not None:
            faces = counts.total() + found.uncertain
        seq, self._seq = self._seq, self._seq + 1
        return Counts(
            v=1,
            device=self.settings.deployment.device,
            boot_id=self.boot_id,
            seq=seq,
            window_start=span.start,
            window_end=span.end,
            clock_synced=clock_synced(),
            frames=found.frames,
            faces=faces,
            counts=counts,
            uncertain=found.uncertain,
            suppressed=found.suppressed,
            replayed=False,
        )

    def health(self, publisher: Publisher) -> Health:
        """How the device feels, and what waits to be delivered."""
        fps, stage_ms = self._timer.compute()
        return Health(
            boot_id=self.boot_id,
            fps=fps,
            stage_ms=stage_ms,
            dropped_frames=self.dropped,
            outbox_depth=publisher.outbox_depth,
            outbox_state=publisher.outbox_state,
            windows_lost=publisher.windows_lost,
            cpu_temperature_c=cpu_temperature_c(),
            throttled=throttled(),
            memory_mb=memory_mb(),
        )
