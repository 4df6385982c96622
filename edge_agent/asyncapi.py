"""The AsyncAPI 3.0 document: what a device sends and receives, for other people's tools.

Seen from the device: it sends its status, counts and health, and receives commands. The
schemas are those that the device itself validates with, and every example went through them.
"""

from datetime import datetime, timedelta, timezone
from typing import Any, Final, Literal, NamedTuple

import yaml
from pydantic.json_schema import models_json_schema

from edge_agent import __version__
from edge_agent.emotions import EMOTIONS
from edge_agent.messages import (
    MAX_PAYLOAD_BYTES,
    MESSAGES,
    ROOT,
    Command,
    Counts,
    Health,
    Message,
    ModelHashes,
    Reason,
    StageTimes,
    State,
    Status,
    Versions,
)

_MQTT_BINDING: Final = "0.2.0"
_BOOT_ID: Final = "5f0c3a9e7d1b42e88c6a0d94b7e2f153"
_WINDOW: Final = timedelta(seconds=5)
_FIRST_WINDOW: Final = datetime(2026, 1, 31, 8, 0, tzinfo=timezone.utc)


def to_yaml() -> str:
    """The document as YAML."""
    return yaml.safe_dump(document(), sort_keys=False, allow_unicode=True, width=100)


def document() -> dict[str, Any]:
    """The document as plain values."""
    _, schemas = models_json_schema(
        [(message, "serialization") for message in MESSAGES.values()],
        ref_template="#/components/schemas/{model}",
    )
    kinds = _kinds()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Classroom emotion counts: a device",
            "version": __version__,
            "description": (
                "A device counts how many people in a classroom show which emotion, and publishes "
                "only these counts, its state and its health. No field has room for a picture, a "
                f"position or a person. Every payload is at most {MAX_PAYLOAD_BYTES} bytes of "
                "UTF-8 JSON, and every schema is closed."
            ),
            "license": {
                "name": "Apache-2.0",
                "url": "https://www.apache.org/licenses/LICENSE-2.0",
            },
        },
        "defaultContentType": "application/json",
        "servers": {"broker": _server()},
        "channels": {name: _channel(name) for name in kinds},
        "operations": dict(_operation(name, kind) for name, kind in kinds.items()),
        "components": {
            "schemas": schemas["$defs"],
            "messages": {name: _message(name, kind) for name, kind in kinds.items()},
            "parameters": {
                "site": _parameter("school", "my-school"),
                "device": _parameter("device, as a rule its room,", "room-101"),
            },
            "securitySchemes": {
                "certificate": {
                    "type": "X509",
                    "description": "A certificate for each client, signed by the site's authority.",
                },
                "password": {
                    "type": "userPassword",
                    "description": "A user and password for each client, inside TLS.",
                },
            },
        },
    }


class _Kind(NamedTuple):
    """How one kind of message travels, and what it looks like."""

    action: Literal["send", "receive"]
    qos: int
    retain: bool
    summary: str
    examples: dict[str, Message]


def _kinds() -> dict[str, _Kind]:
    return {
        "status": _Kind(
            "send",
            1,
            True,
            "The device's state, on every connect and every change; also its will.",
            {
                "online": _status("online", "started"),
                "paused": _status("paused", "command_pause"),
                "will": _status("offline", "connection_lost"),
            },
        ),
        "counts": _Kind(
            "send",
            1,
            False,
            "One finished window, named by device, boot_id and seq. It may come twice.",
            {
                "numbers": _counts(17),
                "suppressed": _counts(18, faces=None, counts=None, uncertain=None, suppressed=True),
                "replayed": _counts(19, replayed=True),
            },
        ),
        "health": _Kind(
            "send", 0, False, "How the device feels, every minute.", {"healthy": _health()}
        ),
        "command": _Kind(
            "receive",
            1,
            False,
            "Pauses or resumes counting; the answer is a new status. A retained one is ignored.",
            {"pause": Command(command="pause"), "resume": Command(command="resume")},
        ),
    }


def _server() -> dict[str, Any]:
    return {
        "host": "{host}:{port}",
        "protocol": "secure-mqtt",
        "protocolVersion": "3.1.1",
        "description": "The site's broker. Beyond its own machine it speaks TLS only.",
        "variables": {
            "host": {"default": "broker.example.org"},
            "port": {"default": "8883"},
        },
        "security": [_ref("securitySchemes", "certificate"), _ref("securitySchemes", "password")],
        "bindings": {
            "mqtt": {
                "lastWill": {"topic": _address("status"), "qos": 1, "retain": True},
                "bindingVersion": _MQTT_BINDING,
            }
        },
    }


def _channel(name: str) -> dict[str, Any]:
    return {
        "address": _address(name),
        "messages": {name: _ref("messages", name)},
        "parameters": {key: _ref("parameters", key) for key in ("site", "device")},
    }


def _operation(name: str, kind: _Kind) -> tuple[str, dict[str, Any]]:
    operation = _exchange(name) | {
        "action": kind.action,
        "summary": kind.summary,
        "bindings": {
            "mqtt": {"qos": kind.qos, "retain": kind.retain, "bindingVersion": _MQTT_BINDING}
        },
    }
    if kind.action == "receive":
        operation["reply"] = _exchange("status")
    return f"{kind.action}{name.capitalize()}", operation


def _exchange(name: str) -> dict[str, Any]:
    channel = f"#/channels/{name}"
    return {"channel": {"$ref": channel}, "messages": [{"$ref": f"{channel}/messages/{name}"}]}


def _message(name: str, kind: _Kind) -> dict[str, Any]:
    return {
        "name": name,
        "title": name.capitalize(),
        "summary": kind.summary,
        "payload": _ref("schemas", MESSAGES[name].__name__),
        "examples": [
            {"name": label, "payload": example.model_dump(mode="json")}
            for label, example in kind.examples.items()
        ],
    }


def _parameter(what: str, example: str) -> dict[str, Any]:
    return {
        "description": f"Name of the {what} in lower-case letters, digits and single hyphens "
        "between them, at most 48 characters.",
        "examples": [example],
    }


def _address(kind: str) -> str:
    return f"{ROOT}/{{site}}/{{device}}/{kind}"


def _ref(group: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{group}/{name}"}


def _status(state: State, reason: Reason) -> Status:
    return Status(
        state=state,
        boot_id=_BOOT_ID,
        reason=reason,
        versions=Versions(agent=__version__, python="3.11.2", runtime="ai-edge-litert-2.3.0"),
        model_sha256=ModelHashes(face_detector="0d" * 32, emotion_classifier="e1" * 32),
        window_seconds=_WINDOW.total_seconds(),
        min_faces=5,
    )


def _counts(seq: int, **changes: Any) -> Counts:
    start = _FIRST_WINDOW + seq * _WINDOW
    content: dict[str, Any] = {
        "v": 1,
        "device": "room-101",
        "boot_id": _BOOT_ID,
        "seq": seq,
        "window_start": start,
        "window_end": start + _WINDOW,
        "clock_synced": True,
        "frames": 20,
        "faces": 25,
        "counts": dict.fromkeys(EMOTIONS, 0) | {"happy": 9, "neutral": 12, "surprised": 3},
        "uncertain": 1,
        "suppressed": False,
        "replayed": False,
    }
    return Counts.model_validate(content | changes)


def _health() -> Health:
    return Health(
        boot_id=_BOOT_ID,
        fps=4.0,
        stage_ms=StageTimes(capture=1.2, detect=61.5, classify=4.8, count=0.2),
        dropped_frames=3,
        outbox_depth=0,
        outbox_state="disk",
        windows_lost=0,
        cpu_temperature_c=58.4,
        throttled=False,
        memory_mb=212.5,
    )
