"""Messages that are surely wrong, as many as wanted, always the same for a seed.

A few thousand come from hypothesis, which spoils good messages along their schemas; the rest
are made from these by spoiling their bytes, or of random bytes. Whether a message is surely
wrong is decided by another library than the one that the recorder checks with.
"""

import json
import random
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from edge_agent.messages import MAX_PAYLOAD_BYTES, MESSAGES, ROOT
from tests.dashboard.device_messages import counts, health, status

STRANGER = f"{ROOT}/school-a/stranger"
EXAMPLES = 2000
GOOD = {
    kind: message.to_json()
    for kind, message in (
        ("counts", counts(device="stranger")),
        ("status", status()),
        ("health", health()),
    )
}
_SCHEMAS = {
    kind: Draft202012Validator(message.model_json_schema()) for kind, message in MESSAGES.items()
}
_NUMBERS = [-1, 0.5, 1e300, float("nan"), float("inf"), 2**53 + 1, 10**400, True]
_TOPICS = [
    f"{ROOT}/school-a/another/counts",
    f"{ROOT}/School-A/stranger/counts",
    f"{ROOT}/school-a/a--b/status",
    f"{ROOT}/school-a/{'x' * 49}/health",
    f"{ROOT}/school a/stranger/health",
    f"{ROOT}/school-a/é/counts",
]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)

Wrong = tuple[str, bytes]
"""A topic and a payload."""


def wrong_messages(number: int) -> Iterator[Wrong]:
    """So many surely wrong messages, on topics that the recorder reads."""
    chance = random.Random(number)
    examples = _examples()
    found = 0
    while found < number:
        if found < len(examples):
            topic, payload = examples[found]
        else:
            (topic, payload), (_, other) = chance.sample(examples, 2)
            payload = chance.choice(_SPOILERS)(chance, payload, other)
        if chance.random() < 0.1:
            topic = chance.choice(_TOPICS)
        if is_surely_wrong(topic, payload):
            found += 1
            yield topic, payload


def is_surely_wrong(topic: str, payload: bytes) -> bool:
    """Whether a message breaks its topic's rules or its schema; what only seems wrong is not."""
    identifier = r"(?=[^/]{1,48}/)[a-z0-9](?:-?[a-z0-9])*"
    where = re.fullmatch(rf"{ROOT}/{identifier}/({identifier})/(\w+)", topic)
    if where is None or len(payload) > MAX_PAYLOAD_BYTES:
        return True
    try:
        document = json.loads(payload.decode(), parse_constant=_refuse)
        if not _SCHEMAS[where[2]].is_valid(document):
            return True
    except (ValueError, RecursionError):
        return True
    return where[2] == "counts" and document["device"] != where[1]


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _examples() -> list[Wrong]:
    found: list[Wrong] = []

    @seed(1)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(_spoilt())
    def collect(message: Wrong) -> None:
        if is_surely_wrong(*message):
            found.append(message)

    collect()
    return list(dict.fromkeys(found))


@st.composite
def _spoilt(draw: st.DrawFn) -> Wrong:
    """A good message with one to three changes anywhere in it."""
    kind = draw(st.sampled_from(sorted(GOOD)))
    document = json.loads(GOOD[kind])
    for _ in range(draw(st.integers(1, 3))):
        part = draw(st.sampled_from(list(_objects(document))))
        field = draw(st.sampled_from([*part, "name"]))
        change = draw(st.sampled_from(["remove", "add", "number", "anything"]))
        if change == "remove":
            part.pop(field, None)
        elif change == "add":
            part[draw(st.text(max_size=20))] = draw(_JSON)
        elif change == "number":
            part[field] = draw(st.sampled_from(_NUMBERS))
        else:
            part[field] = draw(_JSON)
    return f"{STRANGER}/{kind}", json.dumps(document).encode()


def _objects(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield document
    for value in document.values():
        if isinstance(value, dict):
            yield from _objects(value)


def _graft(chance: random.Random, payload: bytes, other: bytes) -> bytes:
    """Fields of another message: well-formed, and deeper in the checks than broken text."""
    document, donor = json.loads(payload), json.loads(other)
    for field in chance.sample(sorted(donor), chance.randint(1, 3)):
        document[field] = donor[field]
    return json.dumps(document).encode()


def _repeat(chance: random.Random, payload: bytes, _other: bytes) -> bytes:
    """Has keys twice, or is long."""
    start = chance.randrange(len(payload))
    part = payload[start : start + chance.randint(1, 100)]
    return payload[:start] + part * chance.randint(1, 60) + payload[start:]


def _cut(chance: random.Random, payload: bytes, _other: bytes) -> bytes:
    return payload[: chance.randrange(len(payload))]


def _flip(chance: random.Random, payload: bytes, _other: bytes) -> bytes:
    changed = bytearray(payload)
    for _ in range(chance.randint(1, 4)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _nest(chance: random.Random, payload: bytes, _other: bytes) -> bytes:
    depth = chance.randint(1, 1500)
    return b"[" * depth + payload[:500] + b"]" * depth


def _noise(chance: random.Random, _payload: bytes, _other: bytes) -> bytes:
    return chance.randbytes(chance.randint(0, 300))


_SPOILERS = [*[_graft] * 4, _repeat, _cut, _flip, _nest, _noise]
