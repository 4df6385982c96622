"""The AsyncAPI document is well formed, complete, and says what the device does."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema
import paho.mqtt.client as mqtt
import pytest
import yaml
from paho.mqtt.enums import CallbackAPIVersion
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from edge_agent.asyncapi import document
from edge_agent.messages import MESSAGES, Topic, json_schemas, parse
from tests.edge_agent.support import ROOM, config_file, edge_agent, running_agent, write_video
from tests.support import REPOSITORY, await_true

DOCUMENT = document()
KINDS = list(MESSAGES)


def closed(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    """An object of these fields and no others."""
    return {
        "type": "object",
        "properties": required | optional,
        "required": list(required),
        "additionalProperties": False,
    }


def mapped(value: dict[str, Any]) -> dict[str, Any]:
    """An object of named values, as the specification lets names be."""
    return {
        "type": "object",
        "patternProperties": {r"^[\w.-]+$": value},
        "additionalProperties": False,
        "minProperties": 1,
    }


def constant(value: Any) -> dict[str, Any]:
    return {"const": value}


TEXT = {"type": "string", "minLength": 1}
REFERENCE = closed({"$ref": {"type": "string", "pattern": "^#/"}})
REFERENCES = {"type": "array", "items": REFERENCE, "minItems": 1, "uniqueItems": True}
QOS = {"enum": [0, 1, 2]}
BINDING = {"bindingVersion": constant("0.2.0")}
RULES = closed(
    {
        "asyncapi": constant("3.0.0"),
        "info": closed(
            {"title": TEXT, "version": TEXT},
            description=TEXT,
            license=closed({"name": TEXT}, url={"type": "string", "pattern": "^https://"}),
        ),
    },
    defaultContentType=constant("application/json"),
    servers=mapped(
        closed(
            {"host": TEXT, "protocol": {"enum": ["mqtt", "secure-mqtt"]}},
            protocolVersion=constant("3.1.1"),
            description=TEXT,
            variables=mapped(closed({}, default=TEXT)),
            security=REFERENCES,
            bindings=closed(
                {
                    "mqtt": closed(
                        BINDING,
                        lastWill=closed({"topic": TEXT, "qos": QOS, "retain": {"type": "boolean"}}),
                    )
                }
            ),
        )
    ),
    channels=mapped(
        closed({"address": TEXT, "messages": mapped(REFERENCE), "parameters": mapped(REFERENCE)})
    ),
    operations=mapped(
        closed(
            {"action": {"enum": ["send", "receive"]}, "channel": REFERENCE},
            summary=TEXT,
            messages=REFERENCES,
            bindings=closed(
                {"mqtt": closed(BINDING | {"qos": QOS, "retain": {"type": "boolean"}})}
            ),
            reply=closed({"channel": REFERENCE, "messages": REFERENCES}),
        )
    ),
    components=closed(
        {},
        schemas=mapped({"$ref": "http://json-schema.org/draft-07/schema#"}),
        messages=mapped(
            closed(
                {"payload": REFERENCE},
                name=TEXT,
                title=TEXT,
                summary=TEXT,
                examples={
                    "type": "array",
                    "items": closed({"name": TEXT, "payload": {"type": "object"}}),
                    "minItems": 1,
                },
            )
        ),
        parameters=mapped(closed({}, description=TEXT, examples={"type": "array", "items": TEXT})),
        securitySchemes=mapped(
            closed({"type": {"enum": ["X509", "userPassword"]}}, description={})
        ),
    ),
)


def resolved(reference: str) -> Any:
    """What a reference inside the document points to."""
    value: Any = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        value = value[part]
    return value


def references(value: Any) -> Iterator[str]:
    """All references at any depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "$ref":
                yield inner
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def operation(kind: str) -> dict[str, Any]:
    """The operation on a kind's channel."""
    (found,) = (
        operation
        for operation in DOCUMENT["operations"].values()
        if operation["channel"]["$ref"] == f"#/channels/{kind}"
    )
    return dict(found)


def test_the_committed_document_is_what_the_command_prints() -> None:
    printed = edge_agent("schemas", "--asyncapi")
    assert (printed.returncode, printed.stderr) == (0, "")
    committed = (REPOSITORY / "docs" / "asyncapi.yaml").read_text()
    assert committed == printed.stdout, "the messages have changed: make asyncapi"
    assert yaml.safe_load(committed) == DOCUMENT


def test_the_document_keeps_the_rules_of_asyncapi() -> None:
    jsonschema.Draft7Validator(RULES).validate(DOCUMENT)
    for reference in references(DOCUMENT):
        assert isinstance(resolved(reference), dict), reference
    for server in DOCUMENT["servers"].values():
        assert re.findall(r"{(\w+)}", server["host"]) == list(server["variables"])
    for channel in DOCUMENT["channels"].values():
        assert re.findall(r"{(\w+)}", channel["address"]) == list(channel["parameters"])
    # An operation speaks of its channel's messages, by way of the channel.
    for exchange in DOCUMENT["operations"].values():
        for part in (exchange, exchange.get("reply", exchange)):
            own = [f"{part['channel']['$ref']}/messages/{name}" for name in KINDS]
            assert all(message["$ref"] in own for message in part["messages"])


def test_every_topic_and_field_of_the_contract_is_there() -> None:
    addresses = {
        kind: channel["address"].format(site="my-school", device="room-101")
        for kind, channel in DOCUMENT["channels"].items()
    }
    assert addresses == {kind: str(Topic("my-school", "room-101", kind)) for kind in KINDS}
    schemas = DOCUMENT["components"]["schemas"]
    expected: dict[str, set[str]] = {}
    for kind, schema in json_schemas().items():
        assert resolved(f"#/components/messages/{kind}/payload/$ref") == (
            f"#/components/schemas/{schema['title']}"
        )
        for name, part in {schema["title"]: schema, **schema.get("$defs", {})}.items():
            expected[name] = set(part["properties"])
    assert {name: set(schema["properties"]) for name, schema in schemas.items()} == expected
    for schema in schemas.values():
        assert schema["additionalProperties"] is False


@pytest.mark.parametrize("kind", KINDS)
def test_every_example_is_a_message_of_its_kind(kind: str) -> None:
    registry = Registry().with_resource("document", DRAFT202012.create_resource(DOCUMENT))
    message = DOCUMENT["components"]["messages"][kind]
    validator = jsonschema.Draft202012Validator(
        {"$ref": f"document{message['payload']['$ref']}"}, registry=registry
    )
    for example in message["examples"]:
        validator.validate(example["payload"])
        parse(f"{ROOM}/{kind}", json.dumps(example["payload"]).encode())
        broken = example["payload"] | {"picture": "x"}
        assert not validator.is_valid(broken)


def test_the_will_travels_as_a_status_does() -> None:
    will = DOCUMENT["servers"]["broker"]["bindings"]["mqtt"]["lastWill"]
    status = operation("status")["bindings"]["mqtt"]
    assert will == {
        "topic": DOCUMENT["channels"]["status"]["address"],
        "qos": status["qos"],
        "retain": status["retain"],
    }


@contextmanager
def subscribed(port: int) -> Iterator[list[mqtt.MQTTMessage]]:
    """All messages as they come, in the quality in which they were sent."""
    received: list[mqtt.MQTTMessage] = []
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda client, userdata, message: received.append(message)
    client.on_connect = lambda client, *_: client.subscribe("#", qos=2)
    client.on_subscribe = lambda client, *_: client.publish("end", qos=2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        # Its own message comes back after all that was retained.
        await_true(lambda: any(message.topic == "end" for message in received))
        yield received
    finally:
        client.disconnect()
        client.loop_stop()


@pytest.mark.mosquitto
def test_quality_and_retention_are_those_of_a_running_agent(tmp_path: Path, mosquitto: int) -> None:
    config = config_file(
        tmp_path,
        window={"seconds": 1.0},
        health={"interval_seconds": 1.0},
        mqtt={"port": mosquitto},
    )
    sent = {kind for kind in KINDS if operation(kind)["action"] == "send"}
    options = ("--demo", "--loop", "--source", write_video(tmp_path / "v.mp4"), "--config", config)
    with subscribed(mosquitto) as received, running_agent(tmp_path, *options) as agent:

        def qualities() -> dict[str, int]:
            return {message.topic.rpartition("/")[2]: message.qos for message in list(received)}

        await_true(lambda: sent <= set(qualities()))
        assert agent.end() == 0
    found = {kind: quality for kind, quality in qualities().items() if kind != "end"}
    assert found == {kind: operation(kind)["bindings"]["mqtt"]["qos"] for kind in sent}
    with subscribed(mosquitto) as late:
        retained = {message.topic.rpartition("/")[2] for message in late if message.retain}
    assert retained == {kind for kind in sent if operation(kind)["bindings"]["mqtt"]["retain"]}
