"""Messages as a device would send them, for the dashboard's tests."""

from datetime import datetime, timedelta, timezone
from typing import Any

from edge_agent.emotions import EMOTIONS
from edge_agent.messages import Counts, EmotionCounts, Health, StageTimes, Status

BOOT = "ab" * 16
START = datetime(2026, 1, 31, 8, 0, tzinfo=timezone.utc)
WINDOW = timedelta(seconds=5)


def counts(
    seq: int = 0,
    *,
    end: datetime | None = None,
    device: str = "room-12",
    boot_id: str = BOOT,
    suppressed: bool = False,
    uncertain: int = 1,
    clock_synced: bool = True,
    replayed: bool = False,
    **people: int,
) -> Counts:
    """A window: happy=3, neutral=2 and one uncertain, unless told otherwise."""
    end = end or START + (seq + 1) * WINDOW
    people = people or {"happy": 3, "neutral": 2}
    numbers = EmotionCounts(**{emotion: people.get(emotion, 0) for emotion in EMOTIONS})
    return Counts(
        v=1,
        device=device,
        boot_id=boot_id,
        seq=seq,
        window_start=end - WINDOW,
        window_end=end,
        clock_synced=clock_synced,
        frames=20,
        faces=None if suppressed else numbers.total() + uncertain,
        counts=None if suppressed else numbers,
        uncertain=None if suppressed else uncertain,
        suppressed=suppressed,
        replayed=replayed,
    )


def status(state: str = "online", reason: str = "started") -> Status:
    """A device with windows of five seconds that hides fewer than three people."""
    values: dict[str, Any] = {
        "state": state,
        "reason": reason,
        "boot_id": BOOT,
        "versions": {"agent": "0.1.0", "python": "3.11.2", "runtime": "2.0.0"},
        "model_sha256": {"face_detector": "0" * 64, "emotion_classifier": "1" * 64},
        "window_seconds": 5.0,
        "min_faces": 3,
    }
    return Status(**values)


def health() -> Health:
    """A device that feels well."""
    return Health(
        boot_id=BOOT,
        fps=4.0,
        stage_ms=StageTimes(capture=1.0, detect=20.0, classify=3.0, count=0.1),
        dropped_frames=0,
        outbox_depth=0,
        cpu_temperature_c=None,
        throttled=None,
        memory_mb=180.0,
    )
