"""Nothing enters or leaves but what the closed schemas name."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from edge_agent.emotions import EMOTIONS
from edge_agent.messages import (
    MAX_PAYLOAD_BYTES,
    Command,
    Message,
    MessageError,
    Topic,
    json_schemas,
    parse,
    parse_topic,
)
from tests.edge_agent.support import BOOT, ROOM, START, counts, health, status, validate

SUPPRESSED = {"faces": None, "counts": None, "uncertain": None, "suppressed": True}
EXAMPLES: list[tuple[str, Message]] = [
    ("counts", counts()),
    ("counts", counts(300_000_000, frames=0, **SUPPRESSED)),
    ("counts", counts(replayed=True, clock_synced=False)),
    ("status", status()),
    ("status", status("offline", "connection_lost")),
    ("health", health()),
    ("command", Command(command="pause")),
]


def without(content: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name != key}


@pytest.mark.parametrize(("kind", "message"), EXAMPLES)
def test_what_is_written_is_read_again_and_fits_the_published_schema(
    kind: str, message: Message
) -> None:
    payload = message.to_json()
    assert len(payload) < MAX_PAYLOAD_BYTES
    assert parse(f"{ROOM}/{kind}", payload) == message
    validate(f"{ROOM}/{kind}", payload)


def test_a_window_reads_as_the_contract_says() -> None:
    assert json.loads(counts(7).to_json()) == {
        "v": 1,
        "device": "room-101",
        "boot_id": BOOT,
        "seq": 7,
        "window_start": "2026-01-31T08:00:35.000Z",
        "window_end": "2026-01-31T08:00:40.000Z",
        "clock_synced": True,
        "frames": 20,
        "faces": 6,
        "counts": dict.fromkeys(EMOTIONS, 0) | {"happy": 3, "neutral": 2},
        "uncertain": 1,
        "suppressed": False,
        "replayed": False,
    }


def _objects(schema: Any) -> list[dict[str, Any]]:
    if isinstance(schema, list):
        return [found for part in schema for found in _objects(part)]
    if not isinstance(schema, dict):
        return []
    inner = [found for part in schema.values() for found in _objects(part)]
    return [schema, *inner] if schema.get("type") == "object" else inner


@pytest.mark.parametrize("kind", ["status", "counts", "health", "command"])
def test_every_object_of_the_published_schemas_is_closed(kind: str) -> None:
    schema = json_schemas()[kind]
    jsonschema.Draft202012Validator.check_schema(schema)
    objects = _objects(schema)
    assert objects
    for part in objects:
        assert part["additionalProperties"] is False
        assert set(part["required"]) == set(part["properties"])


CHANGES: dict[str, tuple[str, Callable[[dict[str, Any]], dict[str, Any]], str]] = {
    "unknown field": ("counts", lambda c: c | {"picture": "x"}, "picture: Extra inputs"),
    "unknown emotion": (
        "counts",
        lambda c: c | {"counts": c["counts"] | {"bored": 1}},
        "counts.bored: Extra inputs",
    ),
    "missing field": ("counts", lambda c: without(c, "frames"), "frames: Field required"),
    "text for a number": ("counts", lambda c: c | {"seq": "1"}, "seq: .* got '1'"),
    "number for a truth": ("counts", lambda c: c | {"suppressed": 0}, "suppressed: "),
    "broken number": ("counts", lambda c: c | {"frames": 1.5}, "frames: "),
    "negative number": ("counts", lambda c: c | {"uncertain": -1}, "uncertain: "),
    "huge number": ("counts", lambda c: c | {"frames": 10**9}, "frames: "),
    "another version": ("counts", lambda c: c | {"v": 2}, "v: .* got 2"),
    "no boot id": ("counts", lambda c: c | {"boot_id": "x"}, "boot_id: "),
    "no zone": ("counts", lambda c: c | {"window_end": "2026-01-31T08:00:05"}, "window_end: "),
    "no moment": ("counts", lambda c: c | {"window_end": "noon"}, "window_end: "),
    "true for a version": ("counts", lambda c: c | {"v": True}, "v: "),
    "seconds since 1970": (
        "counts",
        lambda c: c | {"window_start": "1769846400"},
        "must be a moment like",
    ),
    "a space for the T": (
        "counts",
        lambda c: c | {"window_start": "2026-01-31 08:00:35Z"},
        "must be a moment like",
    ),
    "a month 13": (
        "counts",
        lambda c: c | {"window_start": "2026-13-31T08:00:35Z"},
        "window_start: ",
    ),
    "an end before the start": (
        "counts",
        lambda c: c | {"window_end": "2026-01-31T07:59:59Z"},
        "window_end must be within an hour",
    ),
    "a window of two hours": (
        "counts",
        lambda c: c | {"window_end": "2026-01-31T10:00:00Z"},
        "window_end must be within an hour",
    ),
    "a clock that was never set": (
        "counts",
        lambda c: c | {"window_start": "1970-01-01T00:00:00Z"},
        "from the year 2020 on",
    ),
    "a wrong sum": ("counts", lambda c: c | {"faces": 7}, "faces must be the sum"),
    "suppressed with counts": (
        "counts",
        lambda c: c | {"suppressed": True},
        "a suppressed window must carry null",
    ),
    "suppressed with faces alone": (
        "counts",
        lambda c: c | SUPPRESSED | {"faces": 2},
        "a suppressed window must carry null",
    ),
    "numbers missing": ("counts", lambda c: c | {"counts": None}, "must carry its numbers"),
    "another room's window": ("counts", lambda c: c | {"device": "room-7"}, "got 'room-7'"),
    "unknown state": ("status", lambda c: c | {"state": "asleep"}, "state: "),
    "unknown reason": ("status", lambda c: c | {"reason": "Anna left"}, "reason: "),
    "a hash that is none": (
        "status",
        lambda c: c | {"model_sha256": c["model_sha256"] | {"face_detector": "0"}},
        "model_sha256.face_detector: ",
    ),
    "a text in a version": (
        "status",
        lambda c: c | {"versions": c["versions"] | {"agent": "seen by Anna"}},
        "versions.agent: ",
    ),
    "not a number": ("health", lambda c: c | {"fps": "NaN"}, "fps: "),
    "an unknown stage": (
        "health",
        lambda c: c | {"stage_ms": c["stage_ms"] | {"faces": 1.0}},
        "stage_ms.faces: ",
    ),
    "an unknown command": ("command", lambda c: c | {"command": "reboot"}, "command: "),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_does_not_fit_is_refused_with_the_key(name: str) -> None:
    kind, change, words = CHANGES[name]
    good = next(message for example, message in EXAMPLES if example == kind)
    content = change(json.loads(good.to_json()))
    with pytest.raises(MessageError, match=words) as caught:
        parse(f"{ROOM}/{kind}", json.dumps(content).encode())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"", "counts: message: Invalid JSON"),
        (b"\xff\xfe", "counts: message: Invalid JSON"),
        (b'"caf\xe9"', "counts: message: Invalid JSON"),
        (b"[]", "counts: message: "),
        (b"null", "counts: message: "),
        (b"[" * 3000, "counts: message: "),
        (counts().to_json() + b"{}", "counts: message: Invalid JSON"),
        (b" " * (MAX_PAYLOAD_BYTES + 1), "expected at most 4096 bytes, got 4097"),
    ],
)
def test_what_is_no_message_at_all_is_refused(payload: bytes, words: str) -> None:
    with pytest.raises(MessageError, match=words):
        parse(f"{ROOM}/counts", payload)


def test_a_strangers_key_cannot_write_lines_into_the_log() -> None:
    payload = json.dumps({"a\nERROR forged": 1, "command": "pause"}).encode()
    with pytest.raises(MessageError) as caught:
        parse(f"{ROOM}/command", payload)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "classroom/v1/my-school/room-101",
        "classroom/v1/my-school/room-101/picture",
        "classroom/v2/my-school/room-101/counts",
        "classroom/v1/my-school/room-101/counts/more",
        "/classroom/v1/my-school/room-101/counts",
        "classroom/v1/My-School/room-101/counts",
        "classroom/v1/my--school/room-101/counts",
        "classroom/v1/my-school/-room/counts",
        "classroom/v1/my-school/+/counts",
        "classroom/v1//room-101/counts",
        f"classroom/v1/my-school/{'a' * 49}/counts",
        "classroom/v1/my-school/room\n/counts",
    ],
)
def test_a_topic_that_is_not_ours_is_refused(topic: str) -> None:
    with pytest.raises(MessageError) as caught:
        parse(topic, counts().to_json())
    assert str(caught.value).isprintable()


def test_a_topic_is_read_and_written() -> None:
    where = parse_topic(f"{ROOM}/health")
    assert where == Topic("my-school", "room-101", "health")
    assert str(where) == f"{ROOM}/health"


def test_a_message_cannot_be_changed_or_made_wrong() -> None:
    window = counts()
    with pytest.raises(ValidationError):
        window.faces = 99
    with pytest.raises(ValidationError):
        counts(window_start=START.replace(tzinfo=None))
    with pytest.raises(ValidationError):
        counts(window_end=START + timedelta(hours=2))
