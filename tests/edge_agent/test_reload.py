"""What a changed configuration changes at once, and what waits for the next start."""

from typing import Any

import pytest

from edge_agent.config import Settings, validate
from edge_agent.reload import reloaded


@pytest.mark.parametrize(
    "sections",
    [
        {"camera": {"source": "sample"}},
        {"classifier": {"confidence_threshold": 0.5, "repeat_seconds": 0.0}},
        {"window": {"seconds": 10.0}},
        {"pace": {"max_cpu_share": 0.5}},
        {"timetable": {"active": ["mon 08:00-09:00"]}},
        {"privacy": {"min_faces": 7}},
        {"health": {"interval_seconds": 5.0}},
        {"logging": {"level": "debug"}},
    ],
)
def test_at_once(sections: dict[str, Any]) -> None:
    new = validate(sections, name="x")
    assert reloaded(Settings(), new) == (new, [])


@pytest.mark.parametrize(
    ("sections", "keys"),
    [
        ({"deployment": {"device": "room-7"}}, ["deployment.device"]),
        ({"detector": {"threads": 2}}, ["detector.threads"]),
        ({"classifier": {"model": "other.tflite"}}, ["classifier.model"]),
        (
            {"mqtt": {"port": 1884, "keepalive_seconds": 20}},
            ["mqtt.port", "mqtt.keepalive_seconds"],
        ),
        ({"outbox": {"file": None}}, ["outbox.file"]),
    ],
)
def test_at_the_next_start(sections: dict[str, Any], keys: list[str]) -> None:
    assert reloaded(Settings(), validate(sections, name="x")) == (Settings(), keys)


def test_both_in_one_section() -> None:
    new = validate({"classifier": {"threads": 2, "confidence_threshold": 0.5}}, name="x")
    settings, keys = reloaded(Settings(), new)
    assert settings == validate({"classifier": {"confidence_threshold": 0.5}}, name="x")
    assert keys == ["classifier.threads"]
