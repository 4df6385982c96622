"""What Home Assistant makes of a device: its templates rendered on real messages."""

import json
import re
from typing import Any

import pytest
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from edge_agent.emotions import EMOTIONS
from edge_agent.home_assistant import discovery
from edge_agent.messages import MAX_PAYLOAD_BYTES, Command, Message, parse
from tests.edge_agent.support import ROOM, counts, health, status

# As Home Assistant renders, but what it would only warn of fails here.
TEMPLATES = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
NUMBERS = ["faces", *EMOTIONS, "uncertain"]
UNKNOWN = "None"
"""The text that Home Assistant shows as unknown."""


def discovered(site: str = "my-school", device: str = "room-101") -> dict[str, Any]:
    _, payload = discovery(site, device, window_seconds=5.0, health_seconds=60.0)
    return dict(json.loads(payload))


def read(component: dict[str, Any], message: Message) -> str:
    """What a component shows after a message."""
    template = TEMPLATES.from_string(component["val_tpl"])
    return template.render(value_json=json.loads(message.to_json())).strip()


def numbers(message: Message) -> dict[str, str]:
    components = discovered()["cmps"]
    return {key: read(components[key], message) for key in NUMBERS}


def test_a_window_reads_as_its_numbers() -> None:
    assert numbers(counts()) == {
        "faces": "6",
        **dict.fromkeys(EMOTIONS, "0"),
        "happy": "3",
        "neutral": "2",
        "uncertain": "1",
    }


def test_a_suppressed_window_is_unknown_and_not_zero() -> None:
    suppressed = counts(faces=None, counts=None, uncertain=None, suppressed=True)
    assert numbers(suppressed) == dict.fromkeys(NUMBERS, UNKNOWN)


def test_a_replayed_window_does_not_pass_for_now() -> None:
    assert numbers(counts(replayed=True)) == dict.fromkeys(NUMBERS, UNKNOWN)


def test_health_reads_as_its_numbers() -> None:
    components = discovered()["cmps"]
    hot = health().model_copy(update={"cpu_temperature_c": 58.4, "outbox_depth": 17})
    assert read(components["temperature"], hot) == "58.4"
    assert read(components["outbox"], hot) == "17"
    assert read(components["temperature"], health()) == UNKNOWN


@pytest.mark.parametrize(
    ("state", "reason", "available"),
    [
        ("online", "started", "online"),
        ("paused", "command_pause", "online"),
        ("offline", "connection_lost", "offline"),
    ],
)
def test_state_and_availability_follow_the_status(state: str, reason: str, available: str) -> None:
    content = discovered()
    components = content["cmps"]
    message = status(state, reason)
    (availability,) = content["avty"]
    assert availability["t"] == f"{ROOM}/status"
    assert read(availability, message) == available
    # Home Assistant says offline itself of all but this one.
    assert components["state"]["avty"] == []
    assert components["state"]["stat_t"] == f"{ROOM}/status"
    assert read(components["state"], message) == state
    assert state in components["state"]["ops"]
    switch = components["counting"]
    shown = {switch["stat_on"]: "on", switch["stat_off"]: "off"}.get(read(switch, message))
    assert shown == {"online": "on", "paused": "off", "offline": None}[state]


def test_the_switch_sends_commands_that_a_device_obeys() -> None:
    switch = discovered()["cmps"]["counting"]
    topics = {key: switch[key].replace("~", switch["~"]) for key in ("stat_t", "cmd_t")}
    assert topics == {"stat_t": f"{ROOM}/status", "cmd_t": f"{ROOM}/command"}
    for key, command in {"pl_on": "resume", "pl_off": "pause"}.items():
        assert parse(topics["cmd_t"], switch[key].encode()) == Command(command=command)
    # A retained command is ignored.
    assert (switch["qos"], switch.get("ret")) == (1, None)


def test_sensors_say_where_they_read_and_when_their_numbers_are_too_old() -> None:
    content = discovered()
    assert content["stat_t"] == f"{ROOM}/counts"
    components = content["cmps"]
    assert {key: components[key]["exp_aft"] for key in NUMBERS} == dict.fromkeys(NUMBERS, 15)
    assert not any("stat_t" in components[key] for key in NUMBERS)
    for key in ("temperature", "outbox"):
        assert (components[key]["stat_t"], components[key]["exp_aft"]) == (f"{ROOM}/health", 180)


def test_the_message_is_found_by_home_assistant_and_fits_at_the_longest_names() -> None:
    longest = "a" * 48
    topic, payload = discovery(longest, longest, window_seconds=3600.0, health_seconds=86400.0)
    name = "[a-zA-Z0-9_-]+"
    assert re.fullmatch(f"homeassistant/device/{name}/{name}/config", topic)
    # With room for a longer version, which stands in it twice.
    assert len(payload) + 2 * 40 < MAX_PAYLOAD_BYTES


def test_no_two_devices_are_taken_for_one() -> None:
    identities = set()
    for names in [("a-b", "c"), ("a", "b-c"), ("a", "b"), ("b", "a")]:
        topic, payload = discovery(*names, window_seconds=5.0, health_seconds=60.0)
        content = json.loads(payload)
        unique = [component["uniq_id"] for component in content["cmps"].values()]
        assert len(set(unique)) == len(content["cmps"])
        identities |= {topic, content["dev"]["ids"], *unique}
    assert len(identities) == 4 * (2 + len(unique))
