"""What a changed configuration changes at once, and what waits for the next start."""

from typing import Any, Final

from edge_agent.config import Settings

_AT_NEXT_START: Final[dict[str, tuple[str, ...]]] = {
    "deployment": (),
    "detector": (),
    "classifier": ("model", "threads"),
    "mqtt": (),
    "outbox": (),
}
"""Section → its keys that name, load or connect something once; none named means all of them."""


def reloaded(old: Settings, new: Settings) -> tuple[Settings, list[str]]:
    """The settings to go on with.

    Args:
        old: those in force.
        new: those of the file.

    Returns:
        `new`, but for what only a start can change; and the names of the keys that are different
        and wait for it, such as ``mqtt.host``.
    """
    kept: dict[str, Any] = {}
    waiting = []
    for section, named in _AT_NEXT_START.items():
        before, after = getattr(old, section), getattr(new, section)
        keys = named or tuple(type(after).model_fields)
        values = {key: getattr(before, key) for key in keys}
        waiting += [f"{section}.{key}" for key in keys if getattr(after, key) != values[key]]
        kept[section] = after.model_copy(update=values)
    return new.model_copy(update=kept), waiting
