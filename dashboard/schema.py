"""The store's tables, the same for SQLite and PostgreSQL; every moment is in UTC.

A change here needs a revision in `dashboard.migrations`.
"""

from datetime import datetime, timezone
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

from edge_agent.emotions import EMOTIONS

METADATA: Final = MetaData()
REASON_LENGTH: Final = 300
MARK_LENGTH: Final = 80


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, kept as naive UTC because SQLite knows no time zones."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuses naive moments, then drops the zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"expected a moment with a time zone, got {value.isoformat()}")
        return value.astimezone(timezone.utc).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Gives the zone back."""
        return None if value is None else value.replace(tzinfo=timezone.utc)


# `ended_at` is the end by the best clock known, null where nobody can know it;
# `window_start` and `window_end` are what the device said.
WINDOWS: Final = Table(
    "windows",
    METADATA,
    Column("site", String(48), primary_key=True),
    Column("device", String(48), primary_key=True),
    Column("boot_id", String(32), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("window_start", UtcDateTime, nullable=False),
    Column("window_end", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("received_at", UtcDateTime, nullable=False),
    Column("clock_synced", Boolean, nullable=False),
    Column("replayed", Boolean, nullable=False),
    Column("suppressed", Boolean, nullable=False),
    Column("frames", Integer, nullable=False),
    Column("faces", Integer),
    *(Column(emotion, Integer) for emotion in EMOTIONS),
    Column("uncertain", Integer),
    Index("windows_by_time", "site", "device", "ended_at"),
    Index("windows_by_age", "received_at"),
)

DEVICES: Final = Table(
    "devices",
    METADATA,
    Column("site", String(48), primary_key=True),
    Column("device", String(48), primary_key=True),
    # The last status and health, as the JSON that was validated on arrival.
    Column("status", Text),
    Column("status_at", UtcDateTime),
    Column("health", Text),
    Column("health_at", UtcDateTime),
    Column("seen_at", UtcDateTime),
)

RECORDERS: Final = Table(
    "recorders",
    METADATA,
    Column("client_id", String(64), primary_key=True),
    Column("connected", Boolean, nullable=False),
    Column("beat_at", UtcDateTime, nullable=False),
)

# One row a kind of message and cause, both fixed words, so that a stranger cannot fill the disk.
REJECTED: Final = Table(
    "rejected",
    METADATA,
    Column("kind", String(16), primary_key=True),
    Column("cause", String(64), primary_key=True),
    Column("reason", String(REASON_LENGTH), nullable=False),
    Column("times", BigInteger, nullable=False),
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
)

# What a teacher wrote on a moment of a room: "group work starts".
MARKS: Final = Table(
    "marks",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("site", String(48), nullable=False),
    Column("device", String(48), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("text", String(MARK_LENGTH), nullable=False),
    Index("marks_by_time", "site", "device", "at"),
)
