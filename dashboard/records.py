"""What the store gives back: immutable values with UTC moments, free of SQL."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from edge_agent.messages import Counts, Health, Status

DEFAULT_WINDOW_SECONDS: Final = 5.0
"""Assumed while a device has not yet told its own."""


@dataclass(frozen=True)
class Window:
    """One finished window of a device.

    Attributes:
        boot_id: the device's boot that counted it; ``seq`` grows by one within a boot.
        started_at: when it began, by the best clock known.
        ended_at: when it ended; never later than it was received.
        faces: people counted, or None when suppressed.
        counts: people by emotion, or None when suppressed.
        uncertain: people without a clear emotion, or None when suppressed.
        suppressed: too few people were in view to show numbers.
    """

    boot_id: str
    seq: int
    started_at: datetime
    ended_at: datetime
    faces: int | None
    counts: Mapping[str, int] | None
    uncertain: int | None
    suppressed: bool


def ended_at(counts: Counts, received_at: datetime) -> datetime | None:
    """When a window really ended: by the device's clock if that is right, else on arrival."""
    if counts.clock_synced:
        return min(counts.window_end, received_at)
    # A replayed window without a clock may be minutes or days old.
    return None if counts.replayed else received_at


def window_of(counts: Counts, received_at: datetime) -> Window | None:
    """A window as it came; None where nobody can know when it was."""
    end = ended_at(counts, received_at)
    if end is None:
        return None
    return Window(
        boot_id=counts.boot_id,
        seq=counts.seq,
        started_at=end - (counts.window_end - counts.window_start),
        ended_at=end,
        faces=counts.faces,
        counts=None if counts.counts is None else counts.counts.model_dump(),
        uncertain=counts.uncertain,
        suppressed=counts.suppressed,
    )


@dataclass(frozen=True)
class Room:
    """A device at a site, with the last things it said.

    Attributes:
        seen_at: when it last spoke itself; None when only the broker spoke for it.
    """

    site: str
    device: str
    status: Status | None
    status_at: datetime | None
    health: Health | None
    health_at: datetime | None
    seen_at: datetime | None

    @property
    def name(self) -> str:
        """``site/device``, as in the page's address."""
        return f"{self.site}/{self.device}"

    @property
    def window_length(self) -> timedelta:
        """How long each of its windows lasts."""
        seconds = self.status.window_seconds if self.status else DEFAULT_WINDOW_SECONDS
        return timedelta(seconds=seconds)


@dataclass(frozen=True)
class RecorderBeat:
    """A recorder's last sign of life, and whether it had the broker then."""

    client_id: str
    connected: bool
    beat_at: datetime


@dataclass(frozen=True)
class Rejected:
    """How often messages of one kind were refused for one cause, with the newest reason."""

    kind: str
    cause: str
    reason: str
    times: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True)
class Gap:
    """Windows that a device counted and that did not come, between two that did.

    Attributes:
        first_missing: the lowest ``seq`` that is missing.
        last_missing: the highest; all between are missing, too.
        after: when the window before the gap ended.
        before: when the window behind the gap ended.
    """

    site: str
    device: str
    boot_id: str
    first_missing: int
    last_missing: int
    after: datetime
    before: datetime


@dataclass(frozen=True)
class Totals:
    """The windows of a period, added up.

    Attributes:
        windows: all of them.
        counted: those with numbers.
        people: category → people, added over the windows with numbers: ``people / counted`` is
            the average.
    """

    windows: int
    counted: int
    people: Mapping[str, int]


@dataclass(frozen=True)
class Mark:
    """What a teacher wrote on a moment; ``id`` is known to nobody else."""

    id: str
    at: datetime
    text: str
