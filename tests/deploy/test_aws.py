"""AWS IoT Core as the broker: the stacks, a device's registration, and the feeder."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboard.store import Store
from deploy.__main__ import main
from deploy.aws import cost, prices
from deploy.certificates import authority
from deploy.certificates.authority import Authority
from edge_agent.config import validate
from tests.edge_agent.support import START, counts, status
from tests.support import REPOSITORY

FOLDER = REPOSITORY / "deploy" / "aws"
SITE, DEVICE = "my-school", "room-101"

if os.environ.get("REQUIRE_AWS_CHECKS") == "1":
    import boto3
    import moto
else:
    boto3 = pytest.importorskip("boto3", reason="boto3 is not installed: make aws")
    moto = pytest.importorskip("moto", reason="moto is not installed: make aws")

pytestmark = pytest.mark.aws


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty account that nobody pays for."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "eu-central-1")
    with moto.mock_aws():
        yield


@pytest.fixture
def broker(account: None) -> dict[str, str]:
    """The outputs of the broker's stack."""
    return create("classroom", "broker.yaml")


def create(name: str, template: str, **parameters: str) -> dict[str, str]:
    client = boto3.client("cloudformation")
    client.create_stack(
        StackName=name,
        TemplateBody=(FOLDER / template).read_text(),
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
        Capabilities=["CAPABILITY_IAM"],
    )
    (stack,) = client.describe_stacks(StackName=name)["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def test_the_templates_are_as_cloudformation_wants_them() -> None:
    linted = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), *sorted(FOLDER.glob("*.yaml"))],
        capture_output=True,
        text=True,
    )
    assert linted.returncode == 0, linted.stdout


def test_a_device_may_do_what_is_its_own_and_nothing_else(broker: dict[str, str]) -> None:
    # moto gives back what Python, not what JSON writes; YAML reads both.
    document = yaml.safe_load(
        boto3.client("iot").get_policy(policyName=broker["Policy"])["policyDocument"]
    )
    may: dict[str, list[str]] = {}
    for statement in document["Statement"]:
        resources = statement["Resource"]
        resources = [resources] if isinstance(resources, str) else resources
        may[statement["Action"]] = [one.partition("123456789012:")[2] for one in resources]
    own = (
        "classroom/v1/${iot:Connection.Thing.Attributes[site]}/"
        "${iot:Connection.Thing.Attributes[device]}"
    )
    assert may == {
        "iot:Connect": ["client/${iot:Connection.Thing.ThingName}"],
        "iot:Publish": [f"topic/{own}/{kind}" for kind in ("status", "counts", "health")],
        "iot:RetainPublish": [f"topic/{own}/status"],
        "iot:Subscribe": [f"topicfilter/{own}/command"],
        "iot:Receive": [f"topic/{own}/command"],
    }


def test_the_rule_hands_on_what_devices_say() -> None:
    from deploy.aws.feed import HandedOn

    # moto makes no rules of a stack.
    text = (FOLDER / "broker.yaml").read_text()
    sql = " ".join(text[text.index("SELECT") : text.index("RuleDisabled")].split())
    assert sql == (
        "SELECT encode(*, 'base64') AS payload, topic() AS topic, timestamp() AS received_ms "
        "FROM 'classroom/v1/+/+/+' WHERE topic(5) IN ['counts', 'status', 'health']"
    )
    assert set(HandedOn.model_fields) == {"payload", "topic", "received_ms"}


def test_a_device_with_the_school_s_certificate_is_registered_once_and_revoked(
    broker: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "certificates"
    authority.create(folder, ["broker.example"], days=30)
    Authority(folder).issue(f"{SITE}/{DEVICE}", days=30)
    words = ("--certificates", str(folder), "--policy", broker["Policy"])
    words += ("--thing-type", broker["ThingType"])
    assert main(["aws", "register", f"{SITE}/{DEVICE}", *words]) == 0
    iot = boto3.client("iot")
    # The thing is called as the agent's client id is.
    thing = iot.describe_thing(thingName=f"{SITE}:{DEVICE}")
    assert thing["attributes"] == {"site": SITE, "device": DEVICE}
    assert thing["thingTypeName"] == broker["ThingType"]
    (principal,) = iot.list_thing_principals(thingName=f"{SITE}:{DEVICE}")["principals"]
    (policy,) = iot.list_attached_policies(target=principal)["policies"]
    assert policy["policyName"] == broker["Policy"]
    number = principal.rpartition("/")[2]
    described = iot.describe_certificate(certificateId=number)["certificateDescription"]
    assert described["status"] == "ACTIVE"
    assert main(["aws", "revoke", f"{SITE}/{DEVICE}", *words]) == 0
    described = iot.describe_certificate(certificateId=number)["certificateDescription"]
    assert described["status"] == "INACTIVE"
    assert "1 certificate(s) switched off" in capsys.readouterr().out


def test_the_settings_it_prints_are_the_agent_s(
    account: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["aws", "settings"]) == 0
    settings = validate(yaml.safe_load(capsys.readouterr().out), name="printed")
    assert settings.mqtt.host.endswith(".amazonaws.com")
    assert (settings.mqtt.port, settings.mqtt.key_file) == (8883, "/etc/edge-agent/key.pem")


def test_the_feeder_keeps_one_of_each_and_deletes_what_is_kept(
    broker: dict[str, str], tmp_path: Path
) -> None:
    from deploy.aws.feed import Feeder

    sqs = boto3.client("sqs")
    url = broker["QueueUrl"]
    windows = [counts(number, device=DEVICE) for number in range(3)]
    room = f"classroom/v1/{SITE}/{DEVICE}"
    bodies = [
        *(handed_on(f"{room}/counts", window.to_json()) for window in (*windows, windows[0])),
        handed_on(f"{room}/status", status("paused", "command_pause").to_json(), second=9),
        handed_on(f"{room}/status", status().to_json(), second=1),
        handed_on(f"{room}/counts", b'{"face": "a picture"}'),
        "no JSON",
    ]
    for body in bodies:
        sqs.send_message(QueueUrl=url, MessageBody=body)
    store = Store(f"sqlite:///{tmp_path}/counts.db")
    try:
        feeder = Feeder(store, url, name="feeder", keep_days=90)
        while feeder.feed_once():
            pass
        assert [one.seq for one in store.windows(SITE, DEVICE, START)] == [0, 1, 2]
        (known,) = store.rooms()
        assert known.status is not None and known.status.state == "paused"
        assert sum(one.times for one in store.rejected()) == 2
    finally:
        store.close()
    left = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (left["ApproximateNumberOfMessages"], left["ApproximateNumberOfMessagesNotVisible"]) == (
        "0",
        "0",
    )


def test_the_page_and_its_database_become_a_stack(broker: dict[str, str]) -> None:
    ec2 = boto3.client("ec2")
    (vpc, *_) = ec2.describe_vpcs()["Vpcs"]
    subnets = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"][:2]]
    secret = boto3.client("secretsmanager").create_secret(Name="logins", SecretString="a $2a$14$b")
    certificate = boto3.client("acm").request_certificate(DomainName="counts.example.org")
    outputs = create(
        "page",
        "page.yaml",
        Vpc=vpc["VpcId"],
        Subnets=",".join(subnets),
        Image="registry.example/counts:1",
        ProxyImage="registry.example/proxy:1",
        PageName="counts.example.org",
        Certificate=certificate["CertificateArn"],
        PageLogins=secret["ARN"],
        QueueUrl=broker["QueueUrl"],
        QueueArn=broker["QueueArn"],
    )
    assert outputs["Address"]
    (database,) = boto3.client("rds").describe_db_instances()["DBInstances"]
    assert database["PubliclyAccessible"] is False
    assert database["StorageEncrypted"] is True
    (listener,) = listeners()
    assert (listener["Protocol"], listener["Port"]) == ("HTTPS", 443)


def listeners() -> list[dict[str, Any]]:
    client = boto3.client("elbv2")
    (balancer,) = client.describe_load_balancers()["LoadBalancers"]
    found = client.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    assert isinstance(found, list)
    return found


def test_the_document_has_the_costs_as_computed() -> None:
    text = (REPOSITORY / "docs" / "aws.md").read_text()
    assert cost.table() in text
    assert prices.table() in text


def test_a_price_that_nobody_has_checked_says_so() -> None:
    lines = prices.table().splitlines()[2:]
    marked = ["not checked" in line for line in lines]
    assert marked == [not price.checked for price in prices.ALL]
    assert any(marked) and not all(marked)


def handed_on(topic: str, payload: bytes, *, second: int = 0) -> str:
    """As the rule's SQL makes it."""
    moment = START + timedelta(seconds=60 + second)
    return json.dumps(
        {
            "payload": base64.b64encode(payload).decode(),
            "topic": topic,
            "received_ms": int(moment.timestamp() * 1000),
        }
    )
