"""What a simulated fleet sends: windows that follow from a seed, so that a store can be checked."""

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

from edge_agent.emotions import EMOTIONS
from edge_agent.messages import Counts, EmotionCounts, Health, StageTimes, Status

SITE: Final = "fleet"
_EVERY_SUPPRESSED: Final = 16
_SHARES: Final = 16
"""A window's numbers are the hexadecimal digits of a checksum: 0 to 15 people each."""


@dataclass(frozen=True)
class Plan:
    """The windows of a fleet; window k of all is window ``k // devices`` of a device.

    Attributes:
        devices: how many.
        windows: of all devices together.
        window_seconds: how long each lasts.
        started_at: when the first begins.
        seed: another seed makes other boots with other numbers.
    """

    devices: int
    windows: int
    window_seconds: float
    started_at: datetime
    seed: int = 0

    @classmethod
    def of_rate(cls, devices: int, rate: float, seconds: float, *, seed: int = 0) -> "Plan":
        """So many windows a second of all devices together, from now on."""
        now = datetime.now(timezone.utc).replace(microsecond=0)
        return cls(devices, round(rate * seconds), devices / rate, now, seed)

    def device(self, index: int) -> str:
        """A device's name."""
        return f"room-{index:05}"

    def boot_id(self, index: int) -> str:
        """A device's only boot."""
        return hashlib.blake2b(f"{self.seed}/{index}".encode(), digest_size=16).hexdigest()

    def window(self, index: int, seq: int) -> Counts:
        """One window of a device."""
        digest = zlib.crc32(f"{self.seed}/{index}/{seq}".encode())
        people = [digest >> shift & _SHARES - 1 for shift in range(0, 32, 4)]
        start = self.started_at + seq * timedelta(seconds=self.window_seconds)
        numbers = dict(zip(EMOTIONS, people[1:], strict=True))
        suppressed = digest % 251 % _EVERY_SUPPRESSED == 0
        return Counts(
            v=1,
            device=self.device(index),
            boot_id=self.boot_id(index),
            seq=seq,
            window_start=start,
            window_end=start + timedelta(seconds=self.window_seconds),
            clock_synced=True,
            frames=20,
            faces=None if suppressed else sum(people),
            counts=None if suppressed else EmotionCounts(**numbers),
            uncertain=None if suppressed else people[0],
            suppressed=suppressed,
            replayed=False,
        )

    def all_windows(self) -> Iterator[Counts]:
        """Every window, in the order in which they end."""
        for number in range(self.windows):
            yield self.window(number % self.devices, number // self.devices)

    def status(self, index: int, *, lost: bool = False) -> Status:
        """A device's state: online, or as the broker tells it of one that is lost."""
        return Status.model_validate(
            {
                "state": "offline" if lost else "online",
                "reason": "connection_lost" if lost else "started",
                "boot_id": self.boot_id(index),
                "versions": {"agent": "0.1.0", "python": "3.11", "runtime": "simulated"},
                "model_sha256": {"face_detector": "0" * 64, "emotion_classifier": "0" * 64},
                "window_seconds": self.window_seconds,
                "min_faces": 5,
            }
        )

    def health(self, index: int) -> Health:
        """A device's report, of a machine that feels well."""
        return Health(
            boot_id=self.boot_id(index),
            fps=4.0,
            stage_ms=StageTimes(capture=12.5, detect=41.25, classify=8.75, count=0.25),
            dropped_frames=0,
            outbox_depth=0,
            outbox_state="disk",
            windows_lost=0,
            cpu_temperature_c=55.5,
            throttled=False,
            memory_mb=190.5,
        )
