"""The files that turn a fresh card into a room."""

import os
import stat
import subprocess
from pathlib import Path

import pytest
import yaml

from deploy.__main__ import main
from deploy.certificates import authority
from deploy.certificates.authority import Authority
from deploy.first_boot.wifi import Wifi
from edge_agent.config import validate
from tests.support import debian_program

PURPOSE = "A trial of the seating plan, for safety"
SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBc0MjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1 somebody"


class Preparation:
    """A school that prepares cards."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.card = folder / "card"
        authority.create(folder / "certificates", ["broker.example"], days=30)
        bundle = folder / "bundle"
        (bundle / "wheels").mkdir(parents=True)
        (bundle / "install.sh").write_text("#!/bin/sh\n")
        (folder / "wifi").write_text("a long passphrase\n")
        (folder / "key.pub").write_text(SSH_KEY + "\n")
        (folder / "root.json").write_text("{}")

    def run(self, *more: str, purpose: str | None = PURPOSE) -> int:
        return main(
            [
                *("first-boot", "--site", "my-school", "--device", "room-101"),
                *(() if purpose is None else ("--purpose", purpose)),
                *("--broker", "broker.example", "--output", str(self.card)),
                *("--certificates", str(self.folder / "certificates")),
                *("--bundle", str(self.folder / "bundle"), *more),
            ]
        )

    def read(self, name: str) -> str:
        return (self.card / name).read_text()


@pytest.fixture
def preparation(tmp_path: Path) -> Preparation:
    return Preparation(tmp_path)


def test_a_card_has_the_room_s_settings_and_its_certificate(preparation: Preparation) -> None:
    assert preparation.run() == 0
    settings = validate(yaml.safe_load(preparation.read("classroom/config.yaml")), name="card")
    assert settings.deployment.model_dump() == {
        "purpose": PURPOSE,
        "site": "my-school",
        "device": "room-101",
    }
    assert (settings.mqtt.host, settings.mqtt.port) == ("broker.example", 8883)
    assert settings.mqtt.wait_for_broker
    assert settings.mqtt.key_file == "/etc/edge-agent/key.pem"
    folder = Authority(preparation.folder / "certificates").newest("my-school/room-101")
    for name in ("authority.pem", "certificate.pem", "key.pem"):
        assert preparation.read(f"classroom/certificates/{name}") == (folder / name).read_text()


def test_nobody_else_on_the_engineer_s_machine_can_read_a_card(preparation: Preparation) -> None:
    assert preparation.run("--wifi", "school", "--wifi-country", "DE", *wifi(preparation)) == 0
    for path in (preparation.card, *preparation.card.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_no_secret_is_in_what_cloud_init_keeps(preparation: Preparation) -> None:
    assert preparation.run("--wifi", "school", "--wifi-country", "DE", *wifi(preparation)) == 0
    key = preparation.read("classroom/certificates/key.pem").splitlines()[1]
    for name in ("user-data", "meta-data", "network-config", "firstrun.sh"):
        assert key not in preparation.read(name)
        assert "a long passphrase" not in preparation.read(name)


def test_the_key_of_a_wireless_network_is_that_of_the_standard() -> None:
    # IEEE 802.11i, annex H.4, first vector.
    wifi = Wifi.of("IEEE", "password", "DE")
    assert wifi.key == "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e"
    assert "ssid=73;69;69;69;" in wifi.network_manager()


def test_cloud_init_accepts_every_kind_of_card(preparation: Preparation) -> None:
    program = debian_program("cloud-init", package="cloud-init")
    more = ("--ssh-key", str(preparation.folder / "key.pub"), "--timezone", "Europe/Berlin")
    for options in ((), more):
        assert preparation.run(*options) == 0
        answer = subprocess.run(
            [program, "schema", "--config-file", str(preparation.card / "user-data")],
            capture_output=True,
            text=True,
        )
        assert answer.returncode == 0, answer.stdout + answer.stderr
        user_data = yaml.safe_load(preparation.read("user-data"))
        assert ("users" in user_data) == bool(options)
        preparation.card.rename(preparation.folder / f"card-{len(options)}")


def test_the_first_boot_takes_the_key_off_the_boot_partition(preparation: Preparation) -> None:
    assert preparation.run("--hostname", "pi-101") == 0
    key = preparation.read("classroom/certificates/key.pem")
    system, programs = preparation.folder / "system", preparation.folder / "programs"
    for name in ("etc/systemd/system", "var/lib"):
        (system / name).mkdir(parents=True)
    (system / "etc/hosts").write_text("127.0.0.1\tlocalhost\n127.0.1.1\traspberrypi\n")
    programs.mkdir()
    for name, code in (("systemctl", 0), ("hostnamectl", 1)):
        (programs / name).write_text(f'#!/bin/sh\necho "{name} $*" >>{system}/said\nexit {code}\n')
        (programs / name).chmod(0o755)
    subprocess.run(
        ["sh", str(preparation.card / "classroom" / "begin.sh")],
        check=True,
        env={
            **os.environ,
            "CLASSROOM_SYSTEM": str(system),
            "PATH": f"{programs}:{os.environ['PATH']}",
        },
    )
    place = system / "var/lib/classroom-first-boot"
    assert (place / "certificates/key.pem").read_text() == key
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert not (preparation.card / "classroom/certificates").exists()
    assert (system / "etc/hostname").read_text() == "pi-101\n"
    assert "127.0.1.1\tpi-101\n" in (system / "etc/hosts").read_text()
    assert "start --no-block classroom-first-boot.service" in (system / "said").read_text()


def test_a_card_can_bring_updates(preparation: Preparation) -> None:
    root = str(preparation.folder / "root.json")
    assert preparation.run("--updates", "https://u.example/", "--updates-root", root) == 0
    assert yaml.safe_load(preparation.read("classroom/updates.yaml")) == {
        "url": "https://u.example/"
    }
    assert preparation.read("classroom/updates-root.json") == "{}"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (("--hostname", "Room 101"), "--hostname: expected lower-case letters"),
        (("--device", "Room", "--hostname", "room"), "deployment.device"),
        (("--broker", "broker:99999"), "--broker: expected HOST:PORT"),
        (("--wifi", "school"), "--wifi-country together"),
        (("--ssh-key", "/dev/null"), "expected one public key of SSH"),
        (("--updates", "https://u.example/"), "--updates-root together"),
        (("--bundle", "/nowhere"), "expected install.sh and a folder wheels"),
        (("--timezone", "; reboot"), "--timezone: expected one such as"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_wrong_option_is_named_and_nothing_is_written(
    preparation: Preparation,
    capsys: pytest.CaptureFixture[str],
    more: tuple[str, ...],
    expected: str,
) -> None:
    assert preparation.run(*more) == 2
    said = capsys.readouterr().err
    assert said.startswith("first-boot: ") and expected in said and said.count("\n") == 1
    assert not preparation.card.exists()


def test_without_a_purpose_there_is_no_card(
    preparation: Preparation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert preparation.run(purpose=None) == 2
    assert "docs/privacy.md" in capsys.readouterr().err


def test_a_second_card_for_a_device_needs_another_key(
    preparation: Preparation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert preparation.run() == 0
    preparation.card.rename(preparation.folder / "first")
    folder = Authority(preparation.folder / "certificates").newest("my-school/room-101")
    (folder / "key.pem").unlink()
    assert preparation.run() == 2
    assert "certificates renew my-school/room-101" in capsys.readouterr().err


def wifi(preparation: Preparation) -> tuple[str, str]:
    return "--wifi-password-file", str(preparation.folder / "wifi")
