"""The shipped broker with the agent's own publisher, real recorders, and a site's dashboard."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.broker import read_broker
from dashboard.feed import Feed
from deploy import mosquitto_files
from edge_agent.config import OutboxSettings
from edge_agent.home_assistant import discovery
from edge_agent.messages import Command
from tests.deploy.support import (
    SITE,
    School,
    client,
    device,
    recording,
    running_school,
)
from tests.edge_agent.support import counts
from tests.support import await_true

pytestmark = pytest.mark.mosquitto
PAUSE = Command(command="pause").to_json()


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    with running_school(tmp_path) as school:
        yield school


def test_a_device_and_a_recorder_with_certificates(school: School, tmp_path: Path) -> None:
    with (
        recording(tmp_path, school) as recorder,
        device(school.certificate_port, **school.login("my-school/room-101")) as room,
    ):
        room.put(50)
        recorder.await_windows(50)
    (known,) = recorder.store.rooms()
    assert (known.name, known.status.state) == ("my-school/room-101", "offline")
    assert known.status.reason == "stopped"


def test_a_device_and_a_recorder_with_passwords(school: School, tmp_path: Path) -> None:
    passwords = {"my-school/room-101": "of the room", "_recorder": "of the recorder"}
    for name, password in passwords.items():
        school.add_password(name, password)
        (tmp_path / name.replace("/", "_")).write_text(password)
    school.restart()
    authority = str(school.files("_monitor") / "authority.pem")
    with (
        recording(
            tmp_path,
            school,
            *("--broker", f"mqtts://localhost:{school.password_port}", "--tls-ca", authority),
            *("--username", "_recorder", "--password-file", str(tmp_path / "_recorder")),
        ) as recorder,
        device(
            school.password_port,
            ca_file=authority,
            username="my-school/room-101",
            password_file=str(tmp_path / "my-school_room-101"),
        ) as room,
    ):
        room.put(5)
        recorder.await_windows(5)


def test_a_dashboard_reads_and_commands_its_own_site_only(school: School) -> None:
    with (
        client(school.certificate_port, school.context("my-school")) as own,
        client(school.certificate_port, school.context("other-school")) as other,
        client(school.certificate_port, school.context("my-school/room-102")) as commanded,
        device(school.certificate_port, **school.login("my-school/room-101")) as room,
    ):
        own.subscribe("classroom/v1/#")
        other.subscribe("classroom/v1/#")
        commanded.subscribe("classroom/v1/my-school/room-102/command")
        room.put(3)
        await_true(lambda: sum(topic.endswith("/counts") for topic, _ in own.messages) == 3)
        other.publish("classroom/v1/my-school/room-102/command", b"not from here")
        own.publish("classroom/v1/my-school/room-102/command", PAUSE)
        await_true(lambda: commanded.messages)
        assert commanded.messages == [("classroom/v1/my-school/room-102/command", PAUSE)]
        topics = {topic for topic, _ in own.messages}
        assert topics == {f"classroom/v1/{SITE}/room-101/{kind}" for kind in ("status", "counts")}
        # The broker handed these on in order, so nothing else is on its way to the other.
        other.publish("classroom/v1/other-school/room-1/command", PAUSE)
        assert other.messages == []


def test_the_pages_hear_their_site_command_it_and_can_forge_nothing(school: School) -> None:
    files = school.files("my-school")
    broker = read_broker(
        f"mqtts://localhost:{school.certificate_port}",
        tls_ca=files / "authority.pem",
        tls_cert=files / "certificate.pem",
        tls_key=files / "key.pem",
    )
    pages = Feed(broker)
    try:
        await_true(lambda: pages.connected)
        with (
            client(school.certificate_port, school.context("other-school/room-1")) as foreign,
            client(school.certificate_port, school.context("my-school/room-102")) as commanded,
            client(school.certificate_port, school.context("_recorder")) as recorder,
            device(school.certificate_port, **school.login("my-school/room-101")) as room,
        ):
            recorder.subscribe("classroom/v1/+/+/counts")
            commanded.subscribe("classroom/v1/my-school/room-102/command")
            window = counts(0, device="room-1").to_json()
            foreign.publish("classroom/v1/other-school/room-1/counts", window)
            room.put(2)
            await_true(lambda: len(pages.heard("my-school", "room-101").windows) == 2)
            assert pages.heard("other-school", "room-1").windows == ()
            assert pages.command("my-school", "room-102", "pause")
            await_true(lambda: commanded.messages)
            assert commanded.messages == [("classroom/v1/my-school/room-102/command", PAUSE)]
            await_true(lambda: len(recorder.messages) == 3)
            # What the pages' login may not write is dropped; what comes behind it arrives.
            pages._client.publish("classroom/v1/my-school/room-101/counts", window, qos=1)
            pages._client.publish("classroom/v1/other-school/room-1/command", PAUSE, qos=1)
            assert pages.command("my-school", "room-102", "resume")
            await_true(lambda: len(commanded.messages) == 2)
            room.put(1)
            await_true(lambda: len(recorder.messages) == 4)
            topics = [topic for topic, _ in recorder.messages]
            assert topics.count("classroom/v1/my-school/room-101/counts") == 3
            assert foreign.messages == []
    finally:
        pages.close()


def test_what_comes_while_the_recorder_is_away_survives_a_restart(
    school: School, tmp_path: Path
) -> None:
    with device(school.certificate_port, **school.login("my-school/room-101")) as room:
        with recording(tmp_path, school) as recorder:
            room.put(2)
            recorder.await_windows(2)
        room.put(30)
        room.await_delivered()
        school.restart()
        room.put(30)
        room.await_delivered()
        with recording(tmp_path, school) as recorder:
            recorder.await_windows(62)


def test_a_revoked_device_is_out_after_a_restart_even_if_it_was_connected(
    school: School, tmp_path: Path
) -> None:
    with (
        recording(tmp_path, school) as recorder,
        device(school.certificate_port, **school.login("my-school/room-101")) as good,
        device(school.certificate_port, "room-102", **school.login("my-school/room-102")) as lost,
    ):
        good.put()
        lost.put()
        recorder.await_windows(1)
        recorder.await_windows(1, "room-102")
        school.authority.revoke("my-school/room-102")
        school.install()
        school.restart()
        lost.put()
        await_true(lambda: "certificate verify failed" in school.log())
        good.put()
        recorder.await_windows(2)
        assert recorder.seqs("room-102") == [0]


def test_certificates_are_renewed_without_a_gap(school: School, tmp_path: Path) -> None:
    with recording(tmp_path, school) as recorder:
        old = school.login("my-school/room-101")
        school.authority.renew("my-school/room-101", days=30)
        new = school.login("my-school/room-101")
        assert set(old.values()).isdisjoint(new.values())
        with device(school.certificate_port, **old) as room:
            room.put()
            recorder.await_windows(1)
            school.authority.renew("_broker", days=30)
            school.install()
            school.restart()
            room.put()
            recorder.await_windows(2)
        with device(school.certificate_port, "room-101", **new) as room:
            room.sent = 2
            room.put()
            recorder.await_windows(3)


def test_home_assistant_hears_of_the_devices_of_its_site_where_it_is_allowed(
    school: School,
) -> None:
    topic, payload = discovery(SITE, "room-101", window_seconds=5.0, health_seconds=60.0)
    for allowed in (False, True):
        if allowed:
            school.allow_home_assistant()
            school.restart()
        with (
            client(school.certificate_port, school.context("my-school")) as own,
            client(school.certificate_port, school.context("other-school")) as other,
            client(school.certificate_port, school.context("my-school/room-101")) as room,
        ):
            for one in (own, other):
                one.subscribe("homeassistant/#")
            room.publish(topic, payload)
            room.publish(topic.replace("room-101", "room-102"), payload)
            room.publish(f"classroom/v1/{SITE}/room-101/status", b"")
            for one in (own, other):
                one.publish("classroom/v1/nobody/command", b"")
            assert own.messages == ([(topic, payload)] if allowed else [])
            assert other.messages == []


def test_no_listener_is_without_tls_and_a_name() -> None:
    text = (mosquitto_files.SHIPPED / "mosquitto.conf").read_text()
    common, *listeners = re.split(r"^listener .*$", text, flags=re.M)
    assert "allow_anonymous false" in common
    assert len(listeners) == 2
    for listener in listeners:
        assert "\ncertfile " in listener and "\nuse_username_as_clientid true" in listener


def test_the_broker_saves_well_before_devices_forget() -> None:
    text = (mosquitto_files.SHIPPED / "mosquitto.conf").read_text()
    (interval,) = re.findall(r"^autosave_interval (\d+)$", text, re.M)
    # Saving a full queue takes seconds of its own.
    assert int(interval) + 10 < OutboxSettings().keep_seconds
