"""One command that says what is wrong with a device, and what to do."""

import socket
import subprocess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge_agent.machine_check import check_temperature
from edge_agent.model_card import RELEASED
from edge_agent.tflite_model import runtime_version
from tests.certificates import Certificate, make_certificate
from tests.edge_agent.support import (
    Listener,
    config_file,
    edge_agent,
    running_agent,
    write_video,
)
from tests.support import debian_program, free_port, running_mosquitto

PURPOSE = {"deployment": {"purpose": "A fire drill's safety."}}


def findings(output: str) -> dict[str, tuple[str, str]]:
    """Subject → level and text of each line."""
    lines = (line.split(maxsplit=2) for line in output.splitlines())
    return {subject: (level, text) for level, subject, text in lines}


def checked(folder: Path, code: int, **sections: Any) -> dict[str, tuple[str, str]]:
    """What a device with these settings and a small video is told; the exit code is checked.

    Where they name no broker, nobody answers, whatever else runs on this machine.
    """
    video = write_video(folder / "v.mp4", seconds=0.5, size_wh=(1280, 720))
    usual = {"camera": {"source": str(video)}, "mqtt": {"port": free_port()}, **PURPOSE}
    config = config_file(folder, **{**usual, **sections})
    shown = edge_agent("check", "--config", config)
    assert (shown.returncode, shown.stderr) == (code, ""), shown
    return findings(shown.stdout)


@pytest.mark.mosquitto
def test_a_device_that_is_ready(tmp_path: Path, mosquitto: int) -> None:
    with Listener(mosquitto) as listener:
        found = checked(tmp_path, 0, mqtt={"port": mosquitto})
        # Nothing is published, not even by the broker for a device that left without a word.
        listener.send("classroom/end", b"")
        assert [topic for topic, *_ in listener.messages] == ["classroom/end"]
    of_this_machine = {"clock", "temperature", "disk", "permissions"}
    assert of_this_machine < set(found)
    assert {subject: found[subject] for subject in found if subject not in of_this_machine} == {
        "configuration": ("ok", "device room-101 of my-school"),
        "purpose": ("ok", "A fire drill's safety."),
        "camera": ("ok", "video file v.mp4 delivers 1280 x 720"),
        "networks": ("ok", f"both answer as they should ({runtime_version()})"),
        "broker": ("ok", f"127.0.0.1:{mosquitto} accepts this device"),
    }


def test_what_a_new_device_lacks_is_named(tmp_path: Path) -> None:
    port = free_port()
    found = checked(
        tmp_path,
        1,
        deployment={},
        camera={"source": str(tmp_path / "missing.mp4")},
        detector={"model": str(RELEASED / "emotion_classifier.tflite")},
        mqtt={"port": port},
    )
    assert found["purpose"][0] == "failed"
    assert found["purpose"][1].endswith("read docs/privacy.md, then set deployment.purpose")
    assert found["camera"][0] == "failed"
    assert "missing.mp4: expected a readable video file" in found["camera"][1]
    assert found["networks"][0] == "failed"
    assert "expected a face detector" in found["networks"][1]
    assert found["broker"] == (
        "failed",
        f"127.0.0.1:{port}: expected an MQTT broker, got: Connection refused",
    )


def test_a_configuration_that_cannot_be_read_is_all_that_is_told(tmp_path: Path) -> None:
    shown = edge_agent("check", "--config", config_file(tmp_path, window={"second": 5}))
    assert (shown.returncode, shown.stdout) == (2, "")
    assert shown.stderr.startswith("edge_agent: ")
    assert "window.second: no such key" in shown.stderr


# Camera and networks


def test_a_covered_lens_and_a_small_picture_are_worth_a_look(tmp_path: Path) -> None:
    dark = tmp_path / "dark.mp4"
    writer = cv2.VideoWriter(str(dark), cv2.VideoWriter_fourcc(*"mp4v"), 10, (640, 480))
    for _ in range(3):
        writer.write(np.zeros((480, 640, 3), np.uint8))
    writer.release()
    small = write_video(tmp_path / "small.mp4", seconds=0.3)
    for video, words in ((dark, "uncover the lens"), (small, "less than the 1280 x 720")):
        level, text = checked(tmp_path, 1, camera={"source": str(video)})["camera"]
        assert level == "warning"
        assert words in text


# The broker


@pytest.fixture
def authority(tmp_path: Path) -> Certificate:
    return make_certificate(tmp_path / "authority", "authority")


def tls(server: Certificate, authority: Certificate, more: str = "") -> str:
    return (
        f"allow_anonymous true\ncafile {authority.certificate_file}\n"
        f"certfile {server.certificate_file}\nkeyfile {server.key_file}\n{more}"
    )


@pytest.mark.mosquitto
def test_the_reasons_of_a_broker_are_told(tmp_path: Path, authority: Certificate) -> None:
    stranger = make_certificate(tmp_path / "stranger", "stranger")
    server = make_certificate(tmp_path / "server", "server", signed_by=authority)
    device = make_certificate(tmp_path / "device", "someone", signed_by=authority)
    device.key_file.chmod(0o600)
    port = free_port()
    trusted = {"port": port, "ca_file": str(authority.certificate_file)}
    own = {"certificate_file": str(device.certificate_file), "key_file": str(device.key_file)}
    with running_mosquitto(
        tmp_path / "mosquitto", port, tls(server, authority, "require_certificate true")
    ):
        for mqtt, level, words in (
            ({**trusted, "ca_file": str(stranger.certificate_file)}, "failed", "mqtt.ca_file"),
            (trusted, "failed", "set mqtt.certificate_file"),
            ({**trusted, "ca_file": str(tmp_path / "missing")}, "failed", "a readable file for"),
            ({**trusted, **own}, "warning", "logs in as 'someone' and is my-school/room-101"),
        ):
            assert_broker(checked(tmp_path, level == "failed", mqtt=mqtt), level, words)


def assert_broker(found: dict[str, tuple[str, str]], level: str, words: str) -> None:
    assert found["broker"][0] == level
    assert words in found["broker"][1]


@pytest.mark.mosquitto
def test_a_wrong_password_and_one_that_everybody_may_read(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("wrong\n")
    password.chmod(0o644)
    people = tmp_path / "people"
    subprocess.run(
        [debian_program("mosquitto_passwd"), "-b", "-c", people, "agent", "right"], check=True
    )
    port = free_port()
    mqtt = {"port": port, "username": "agent", "password_file": str(password)}
    options = f"allow_anonymous false\npassword_file {people}"
    with running_mosquitto(tmp_path / "mosquitto", port, options):
        found = checked(tmp_path, 1, mqtt=mqtt)
    assert_broker(found, "failed", "check the login in the section mqtt")
    assert found["permissions"] == (
        "failed",
        f"everybody on this machine may read {password}: chmod 640 {password}",
    )


def test_something_that_is_no_broker(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = checked(tmp_path, 1, mqtt={"port": silent.getsockname()[1]})
    assert_broker(found, "failed", "got: no answer")


@pytest.mark.mosquitto
def test_a_running_agent_keeps_its_camera_and_its_connection(
    tmp_path: Path, mosquitto: int
) -> None:
    mqtt = {"port": mosquitto}
    video = write_video(tmp_path / "long.mp4", seconds=2)
    config = config_file(tmp_path, camera={"source": str(video)}, mqtt=mqtt, **PURPOSE)
    with (
        Listener(mosquitto) as listener,
        running_agent(tmp_path, "--loop", "--config", config) as agent,
    ):
        listener.await_counts(1)
        shown = edge_agent("check", "--config", config)
        assert shown.returncode == 0
        found = findings(shown.stdout)
        seen = len(listener.contents("counts"))
        listener.await_counts(seen + 1)
        assert agent.end() == 0
        listener.await_state("offline", "stopped")
    assert found["camera"] == (
        "warning",
        "not tested: the running agent has it; stop the agent to test it",
    )
    assert found["broker"] == (
        "ok",
        f"127.0.0.1:{mosquitto} can be reached; no login was tried, because the running agent has "
        "it",
    )
    assert listener.states() == [("online", "started"), ("offline", "stopped")]


# The machine


@pytest.mark.parametrize(
    ("degrees", "slow", "level", "words"),
    [
        (50.0, False, "ok", "50 °C"),
        (None, None, "ok", "this machine does not tell"),
        (80.0, False, "warning", "80 °C: give it more air, or a fan"),
        (60.0, True, "warning", "60 °C, slowed down: give it a stronger power supply or more air"),
    ],
)
def test_heat_and_want_of_power(
    monkeypatch: pytest.MonkeyPatch,
    degrees: float | None,
    slow: bool | None,
    level: str,
    words: str,
) -> None:
    monkeypatch.setattr("edge_agent.machine_check.cpu_temperature_c", lambda: degrees)
    monkeypatch.setattr("edge_agent.machine_check.throttled", lambda: slow)
    found = check_temperature()
    assert (found.level, found.text) == (level, words)


def test_an_outbox_that_is_too_large_for_the_disk(tmp_path: Path) -> None:
    outbox = {"file": str(tmp_path / "outbox.db"), "max_megabytes": 100_000.0}
    found = checked(tmp_path, 1, outbox=outbox)
    assert found["disk"][0] == "warning"
    assert "which may take 100000: make room, or lower outbox.max_megabytes" in found["disk"][1]
