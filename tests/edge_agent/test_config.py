"""The configuration, and the file that documents it."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from edge_agent.config import Mqtt, Settings, load, validate
from edge_agent.errors import ConfigError
from tests.support import REPOSITORY

DOCUMENTED = REPOSITORY / "config.yaml"


def keys(content: dict[str, Any], prefix: str = "") -> set[str]:
    result = set()
    for key, value in content.items():
        result |= keys(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key}
    return result


def test_the_documented_file_shows_exactly_the_keys_and_defaults() -> None:
    content = yaml.safe_load(DOCUMENTED.read_text())
    assert keys(content) == keys(Settings().model_dump())
    assert load(DOCUMENTED) == Settings()


def test_every_documented_key_is_explained() -> None:
    explained = False
    for line in DOCUMENTED.read_text().splitlines():
        if not line.strip():
            explained = False
        elif line.strip().startswith("#"):
            explained = True
        elif re.match(r"  \w+:", line):
            # A comment serves the keys that directly follow it.
            assert explained, f"no comment above {line.strip()!r}"


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "config.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_file_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    text = "window:\n  seconds: 10\nmqtt:\ncamera:\n  source: 0\n"
    settings = load(write(tmp_path, text))
    assert settings.window.seconds == 10.0
    assert settings.camera.source == 0
    assert settings.mqtt == Mqtt()
    assert load(write(tmp_path, "")) == Settings()
    assert load(write(tmp_path, "# nothing but a comment\n")) == Settings()


BROKER = "mqtt: {host: broker.example"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("windw: {}", "windw: no such key; did you mean 'window'?"),
        ("mqtt: {prot: 1883}", "mqtt.prot: no such key; did you mean 'port'?"),
        ("mqtt: {xyz: 1}", "mqtt.xyz: no such key; expected one of host, port, "),
        ("mqtt: {port: '1883'}", "mqtt.port: .* got '1883'"),
        ("mqtt: {port: 0}", "mqtt.port: .* got 0"),
        ("mqtt: {port: 1.5}", "mqtt.port: .* got 1.5"),
        ("mqtt: {wait_for_broker: 1}", "mqtt.wait_for_broker: .* got 1"),
        ("mqtt: {host: ''}", "mqtt.host: "),
        ("mqtt: 5", "mqtt: .* got 5"),
        ("window: {seconds: five}", "window.seconds: .* got 'five'"),
        ("window: {seconds: .nan}", "window.seconds: "),
        ("window: {seconds: .inf}", "window.seconds: "),
        ("window: {seconds: 0}", "window.seconds: "),
        ("camera: {frames_per_second: 0}", "camera.frames_per_second: "),
        ("camera: {source: -1}", "camera.source"),
        ("camera: {source: [1]}", "camera.source"),
        ("privacy: {min_faces: 0}", "privacy.min_faces: "),
        ("deployment: {site: My School}", "deployment.site: .* got 'My School'"),
        ("deployment: {device: a/b}", "deployment.device: "),
        ("deployment: {purpose: 2026-99-99}", "expected YAML, got an error"),
        ("logging: {level: all}", "logging.level: "),
        ("1: 2", "1: Keys should be strings"),
        ("[1, 2]", "expected sections like 'camera:', got list"),
        ("just words", "expected sections like 'camera:', got str"),
        ("a: [", "expected YAML, got an error in line 1"),
        ("mqtt:\n\tport: 1", "expected YAML, got an error in line 2"),
        ("a: !!python/object:os.system {}", "expected YAML, got an error"),
        ("\x00", "expected YAML, got an error"),
        (b"\xff\xfe\xff", "expected UTF-8 text"),
        (BROKER + "}", r"mqtt: .*\(broker.example\) needs TLS: set mqtt.ca_file"),
        (BROKER + ", ca_file: ca.pem}", "needs a login: set mqtt.username"),
        (BROKER + ", username: me}", "needs TLS"),
        ("mqtt: {host: 192.168.1.5}", "needs TLS"),
        ("mqtt: {host: 0.0.0.0}", "needs TLS"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(tmp_path: Path, text: str | bytes, words: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError, match=words) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_a_login_in_an_address_is_not_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"camera: .* got 'rtsp://…@host/x'") as caught:
        load(write(tmp_path, "camera: rtsp://anna:secret@host/x"))
    assert "secret" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="got: No such file or directory"):
        load(tmp_path / "missing.yaml")
    with pytest.raises(ConfigError, match="got: Is a directory"):
        load(tmp_path)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_a_broker_on_this_machine_needs_nothing(host: str) -> None:
    assert validate({"mqtt": {"host": host}}, name="x").mqtt.is_loopback()


@pytest.mark.parametrize(
    "login", [{"username": "me", "password_file": "p"}, {"certificate_file": "c", "key_file": "k"}]
)
def test_a_broker_elsewhere_needs_tls_and_a_login(login: dict[str, str]) -> None:
    content = {"mqtt": {"host": "broker.example", "ca_file": "ca.pem", **login}}
    assert not validate(content, name="x").mqtt.is_loopback()


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().mqtt.port = 1
