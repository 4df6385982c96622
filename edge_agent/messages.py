"""The closed schemas of every message that enters or leaves a device, and their topics.

Whatever is not named here cannot be sent: unknown fields are refused, every text is a
fixed word, a hash or an identifier, and every number is bounded. Nothing in these
messages can carry a picture, a position or a person.
"""

import re
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from edge_agent.emotions import EMOTIONS

ROOT: Final = "classroom/v1"
MAX_PAYLOAD_BYTES: Final = 4096
_MAX_PEOPLE: Final = 2000
_LONGEST_WINDOW: Final = timedelta(hours=1)
_RFC3339: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}(\d{3})?)?(Z|[+-]\d\d:\d\d)", re.ASCII
)

Identifier = Annotated[str, Field(pattern=r"^[a-z0-9](-?[a-z0-9])*$", max_length=48)]
"""A site or device: lower-case letters, digits and single hyphens between them."""
BootId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Version = Annotated[str, Field(pattern=r"^[A-Za-z0-9.+-]{1,40}$")]
People = Annotated[int, Field(ge=0, le=_MAX_PEOPLE)]


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds")[:-6] + "Z"


def _read_rfc3339(value: Any) -> Any:
    # Pydantic would also take seconds since 1970 in a text, or a space in place of the T.
    if not isinstance(value, str):
        return value
    if not _RFC3339.fullmatch(value):
        raise ValueError("must be a moment like 2026-01-31T08:00:05.000Z")
    return datetime.fromisoformat(value.replace("Z", "+00:00"))


def _no_bool(value: Any) -> Any:
    # To Python, true is 1.
    if isinstance(value, bool):
        raise ValueError("must be the number 1")
    return value


Utc = Annotated[
    AwareDatetime,
    BeforeValidator(_read_rfc3339),
    PlainSerializer(_rfc3339, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]
"""A moment with a time zone; written in UTC with milliseconds, ``2026-01-31T08:00:05.000Z``."""


class MessageError(ValueError):
    """A message that is not one of ours; the text says what was expected and what came.

    Attributes:
        cause: a fixed word by which refusals can be counted: ``topic``, ``too_long``,
            ``other_device``, or pydantic's name of the first finding, such as ``missing``.
    """

    def __init__(self, text: str, cause: str) -> None:
        """Keeps both."""
        super().__init__(text)
        self.cause = cause


class Message(BaseModel):
    """Base of all messages: immutable, closed, and strict about types."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        # What has a default is always sent all the same.
        json_schema_serialization_defaults_required=True,
    )

    def to_json(self) -> bytes:
        """The payload as compact UTF-8 JSON, at most `MAX_PAYLOAD_BYTES` long."""
        return self.model_dump_json().encode()


class EmotionCounts(Message):
    """How many people showed each emotion in a window; one field a label."""

    angry: People
    disgusted: People
    fearful: People
    happy: People
    neutral: People
    sad: People
    surprised: People

    def total(self) -> int:
        """The number of people with an emotion."""
        return sum(getattr(self, emotion) for emotion in EMOTIONS)


class Counts(Message):
    """One finished window. ``(device, boot_id, seq)`` names it.

    ``faces`` is the number of people counted: the sum of ``counts`` plus ``uncertain``.
    A suppressed window (too few people in view) carries null in all three.
    """

    v: Annotated[Literal[1], BeforeValidator(_no_bool)]
    device: Identifier
    boot_id: BootId
    seq: Annotated[int, Field(ge=0, le=2**53)]
    window_start: Utc
    window_end: Utc
    clock_synced: bool
    frames: Annotated[int, Field(ge=0, le=1_000_000)]
    faces: People | None
    counts: EmotionCounts | None
    uncertain: People | None
    suppressed: bool
    replayed: bool

    @model_validator(mode="after")
    def _consistent(self) -> "Counts":
        if not 2020 <= self.window_start.year < 9999:
            raise ValueError("window_start must be a moment from the year 2020 on")
        if not timedelta(0) <= self.window_end - self.window_start <= _LONGEST_WINDOW:
            raise ValueError("window_end must be within an hour after window_start")
        numbers = (self.faces, self.counts, self.uncertain)
        if self.suppressed:
            if any(number is not None for number in numbers):
                raise ValueError("a suppressed window must carry null faces, counts and uncertain")
            return self
        if self.faces is None or self.counts is None or self.uncertain is None:
            raise ValueError("a window that is not suppressed must carry its numbers")
        if self.counts.total() + self.uncertain != self.faces:
            raise ValueError("faces must be the sum of counts and uncertain")
        return self


class Versions(Message):
    """What runs on the device."""

    agent: Version
    python: Version
    runtime: Version


class ModelHashes(Message):
    """The SHA-256 of the networks in use."""

    face_detector: Sha256
    emotion_classifier: Sha256


State = Literal["online", "paused", "offline"]
Reason = Literal[
    "started",
    "reconnected",
    "camera_lost",
    "camera_found",
    "command_pause",
    "command_resume",
    "schedule_pause",
    "schedule_resume",
    "reloaded",
    "source_ended",
    "stopped",
    "failed",
    "connection_lost",
]


class Status(Message):
    """The device's state, retained by the broker; also its will (``connection_lost``)."""

    state: State
    boot_id: BootId
    reason: Reason
    versions: Versions
    model_sha256: ModelHashes
    window_seconds: Annotated[float, Field(gt=0, le=3600)]
    min_faces: Annotated[int, Field(ge=1, le=_MAX_PEOPLE)]


OutboxState = Literal["memory", "disk", "disk_unusable"]
"""Where windows wait: in memory alone, on the disk, or in memory because the disk fails."""
Milliseconds = Annotated[float, Field(ge=0, le=1e6)]


class StageTimes(Message):
    """Median time a frame since the last report, by stage, in milliseconds."""

    capture: Milliseconds
    detect: Milliseconds
    classify: Milliseconds
    count: Milliseconds


class Health(Message):
    """How the device feels; null where the machine does not tell."""

    boot_id: BootId
    fps: Annotated[float, Field(ge=0, le=10_000)]
    stage_ms: StageTimes
    dropped_frames: Annotated[int, Field(ge=0, le=2**53)]
    outbox_depth: Annotated[int, Field(ge=0, le=2**53)]
    # Null from agents of before version 0.2.
    outbox_state: OutboxState | None = None
    windows_lost: Annotated[int, Field(ge=0, le=2**53)] | None = None
    cpu_temperature_c: Annotated[float, Field(ge=-60, le=200)] | None
    throttled: bool | None
    memory_mb: Annotated[float, Field(ge=0, le=1e9)]


class Command(Message):
    """What a dashboard may ask of a device; the answer is a new `Status`."""

    command: Literal["pause", "resume"]


MESSAGES: Final[dict[str, type[Message]]] = {
    "status": Status,
    "counts": Counts,
    "health": Health,
    "command": Command,
}
"""Last part of the topic → what its payload must be."""


class Topic(NamedTuple):
    """A parsed topic, ``classroom/v1/<site>/<device>/<kind>``."""

    site: str
    device: str
    kind: str

    def __str__(self) -> str:
        return f"{ROOT}/{self.site}/{self.device}/{self.kind}"


class _Names(Message):
    site: Identifier
    device: Identifier


@lru_cache(maxsize=32_768)  # a recorder sees the same topics again and again
def parse_topic(topic: str) -> Topic:
    """Reads a topic.

    Raises:
        MessageError: when it is not one of ours.
    """
    parts = topic.split("/")
    if len(parts) != 5 or "/".join(parts[:2]) != ROOT or parts[4] not in MESSAGES:
        raise MessageError(
            f"expected a topic {ROOT}/<site>/<device>/<{'|'.join(MESSAGES)}>, got {topic[:120]!r}",
            "topic",
        )
    try:
        _Names(site=parts[2], device=parts[3])
    except ValidationError as error:
        raise MessageError(f"topic {topic[:120]!r}: {describe(error)}", "topic") from error
    return Topic(*parts[2:])


def parse(topic: str, payload: bytes) -> Message:
    """Validates a message from the network against the closed schema of its topic.

    Args:
        topic: the MQTT topic it came on.
        payload: its bytes, as received.

    Returns:
        The message, of the class that `MESSAGES` names for the topic.

    Raises:
        MessageError: one sentence on what was expected and what came.
    """
    where = parse_topic(topic)
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise MessageError(
            f"{where.kind}: expected at most {MAX_PAYLOAD_BYTES} bytes, got {len(payload)}",
            "too_long",
        )
    try:
        message = MESSAGES[where.kind].model_validate_json(payload)
    except ValidationError as error:
        cause = error.errors(include_url=False)[0]["type"]
        raise MessageError(f"{where.kind}: {describe(error)}", cause) from error
    if isinstance(message, Counts) and message.device != where.device:
        raise MessageError(
            f"counts: expected device {where.device!r} as in the topic, got {message.device!r}",
            "other_device",
        )
    return message


def describe(error: ValidationError) -> str:
    """A validation error's first finding as one sentence naming the key and the value."""
    first = error.errors(include_url=False)[0]
    key = ".".join(_short_key(part) for part in first["loc"]) or "message"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{key}: {first['msg']}, got {_short(first['input'])}{more}"


def _short_key(part: Any) -> str:
    """A key as it is where it could be ours; quoted where a stranger may have chosen it."""
    text = str(part)
    return text if re.fullmatch(r"[A-Za-z0-9_,\[\]-]{1,60}", text) else _short(text)


def _short(value: Any) -> str:
    # A login in an address is nobody's business.
    text = re.sub(r"//\S*@", "//…@", repr(value))
    return text if len(text) <= 80 else text[:77] + "..."


def json_schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of each kind of message, as a subscriber sees it."""
    return {
        kind: message.model_json_schema(mode="serialization") for kind, message in MESSAGES.items()
    }
