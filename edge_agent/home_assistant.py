"""Home Assistant's MQTT discovery: one retained message that makes a device's sensors appear.

It says where the device's messages are and how to read them, and carries no number itself.
Its keys are Home Assistant's abbreviations (``p`` platform, ``stat_t`` state topic, …): written
out, the longest names would not fit a message.
"""

import hashlib
import json
import math
from typing import Any, Final, get_args

from edge_agent import __version__
from edge_agent.emotions import EMOTIONS
from edge_agent.messages import ROOT, Command, State

_MISSED_BEFORE_EXPIRED: Final = 3


def discovery(
    site: str, device: str, *, window_seconds: float, health_seconds: float
) -> tuple[str, bytes]:
    """Topic and payload of the discovery message, to be sent retained and with QoS 1.

    Args:
        site, device: for the topics.
        window_seconds: time between two windows.
        health_seconds: time between two reports.
    """
    base = f"{ROOT}/{site}/{device}"
    components = {
        **_counts(expire_after=_expiry(window_seconds)),
        **_health(f"{base}/health", expire_after=_expiry(health_seconds)),
        "state": _state(f"{base}/status"),
        "counting": _counting(base),
    }
    # Home Assistant wants it unique and stable, and shows it to nobody.
    name = hashlib.sha256(f"{site}/{device}".encode()).hexdigest()[:16]
    for key, component in components.items():
        component["uniq_id"] = f"{name}_{key}"
    content = {
        "dev": {
            "ids": f"{site}/{device}",
            "name": f"{site} {device}",
            "mdl": "Classroom emotion counts",
            "sw": __version__,
        },
        "o": {"name": "classroom-emotion-counts", "sw": __version__},
        "avty": [
            {
                "t": f"{base}/status",
                "val_tpl": "{{'offline' if value_json.state == 'offline' else 'online'}}",
            }
        ],
        # Of the components that name no other.
        "stat_t": f"{base}/counts",
        "cmps": components,
    }
    payload = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    # As in our own topics and in logins, so that a broker's rule by pattern can allow it.
    return f"homeassistant/device/{site}/{device}/config", payload.encode()


def _expiry(seconds: float) -> int:
    return math.ceil(_MISSED_BEFORE_EXPIRED * seconds)


def _counts(*, expire_after: int) -> dict[str, dict[str, Any]]:
    """People in view, by emotion, and those whose emotion could not be told."""
    values = {
        "faces": ("People", "faces"),
        **{emotion: (emotion.capitalize(), f"counts.{emotion}") for emotion in EMOTIONS},
        "uncertain": ("Not sure", "uncertain"),
    }
    return {
        key: {
            "p": "sensor",
            "name": name,
            # None reads as unknown, while after an empty text the number before would go on
            # being shown. A window from before an outage says nothing about now.
            "val_tpl": f"{{{{None if value_json.replayed else value_json.{path}|default(None)}}}}",
            "stat_cla": "measurement",
            "exp_aft": expire_after,
        }
        for key, (name, path) in values.items()
    }


def _health(topic: str, *, expire_after: int) -> dict[str, dict[str, Any]]:
    """How the device feels."""
    common = {
        "p": "sensor",
        "stat_t": topic,
        "ent_cat": "diagnostic",
        "stat_cla": "measurement",
        "exp_aft": expire_after,
    }
    return {
        "temperature": {
            **common,
            "name": "Temperature",
            "dev_cla": "temperature",
            "unit_of_meas": "°C",
            "val_tpl": "{{value_json.cpu_temperature_c}}",
        },
        "outbox": {**common, "name": "Windows waiting", "val_tpl": "{{value_json.outbox_depth}}"},
    }


def _state(topic: str) -> dict[str, Any]:
    return {
        "p": "sensor",
        "name": "State",
        "stat_t": topic,
        "val_tpl": "{{value_json.state}}",
        "dev_cla": "enum",
        "ops": list(get_args(State)),
        # Always available, so that it can say that the device is not.
        "avty": [],
    }


def _counting(base: str) -> dict[str, Any]:
    """A switch that pauses and resumes the device."""
    return {
        "p": "switch",
        "name": "Counting",
        "~": base,
        "stat_t": "~/status",
        "val_tpl": "{{value_json.state}}",
        "stat_on": "online",
        "stat_off": "paused",
        "cmd_t": "~/command",
        "pl_on": Command(command="resume").to_json().decode(),
        "pl_off": Command(command="pause").to_json().decode(),
        "qos": 1,
    }
