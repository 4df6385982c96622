"""The files for a card's boot partition: all that one device has to know of itself."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from deploy.certificates import private_files
from deploy.first_boot import cloud_init
from deploy.first_boot.wifi import Wifi
from edge_agent import config
from edge_agent.errors import ConfigError

_HERE: Final = Path(__file__).parent
_SETTINGS: Final = Path("/etc/edge-agent")
_CERTIFICATES: Final = ("authority.pem", "certificate.pem", "key.pem")
FOLDER: Final = "classroom"
"""On the boot partition."""


class FirstBootError(Exception):
    """Why no card can be made, in one sentence."""


@dataclass(frozen=True)
class Room:
    """One device.

    Attributes:
        purpose: why emotions are counted there.
        broker: host and port.
        certificates: folder with the device's three files; None for a broker on the device.
        bundle: folder with the installer and its wheels.
        more: other sections of its configuration.
        updates: address and root (file) of signed updates.
        ssh_key: a public key that may log in as ``admin``; None lets nobody in.
    """

    site: str
    device: str
    hostname: str
    purpose: str
    broker: tuple[str, int]
    certificates: Path | None
    bundle: Path
    more: dict[str, Any]
    updates: tuple[str, Path] | None = None
    wifi: Wifi | None = None
    ssh_key: str | None = None
    timezone: str | None = None

    def settings(self) -> dict[str, Any]:
        """The agent's configuration.

        Raises:
            FirstBootError: where the agent would not accept it.
        """
        host, port = self.broker
        mqtt: dict[str, Any] = {"host": host, "port": port, "wait_for_broker": True}
        if self.certificates is not None:
            keys = ("ca_file", "certificate_file", "key_file")
            for key, file in zip(keys, _CERTIFICATES, strict=True):
                mqtt[key] = str(_SETTINGS / file)
        content = dict(self.more)
        content["deployment"] = {
            "purpose": self.purpose,
            "site": self.site,
            "device": self.device,
        }
        content["mqtt"] = {**dict(content.get("mqtt") or {}), **mqtt}
        try:
            config.validate(content, name="the room's configuration")
        except ConfigError as error:
            raise FirstBootError(str(error)) from error
        return content


def write(target: Path, room: Room) -> None:
    """Writes the files; the folder is whole or not there, and readable by its owner alone.

    Args:
        target: new; its content goes onto the boot partition.
        room: whose card it is.

    Raises:
        FirstBootError, FileError: where something does not fit or cannot be written.
    """
    settings = room.settings()
    if not (room.bundle / "install.sh").exists() or not (room.bundle / "wheels").is_dir():
        raise FirstBootError(
            f"{room.bundle}: expected install.sh and a folder wheels, found neither or one; make "
            "such a folder as docs/install.md says"
        )
    with private_files.new_folder(target) as folder:
        inner = folder / FOLDER
        shutil.copytree(room.bundle, inner / "bundle")
        for name in ("begin.sh", "install.sh", "classroom-first-boot.service"):
            shutil.copy(_HERE / name, inner)
        shutil.copy(_HERE / "firstrun.sh", folder)
        (inner / "hostname").write_text(f"{room.hostname}\n")
        (inner / "config.yaml").write_text(
            "# Written for this room; every key is explained in the project's config.yaml.\n"
            + yaml.safe_dump(settings, sort_keys=False, allow_unicode=True),
            encoding="utf-8",
        )
        if room.certificates is not None:
            (inner / "certificates").mkdir()
            for name in _CERTIFICATES:
                content = private_files.read(room.certificates / name)
                private_files.write(inner / "certificates" / name, content)
        if room.updates is not None:
            url, root = room.updates
            (inner / "updates.yaml").write_text(yaml.safe_dump({"url": url}))
            (inner / "updates-root.json").write_bytes(private_files.read(root))
        if room.ssh_key is not None:
            (inner / "ssh").touch()
        if room.wifi is not None:
            (inner / "wifi.nmconnection").write_text(room.wifi.network_manager())
            (inner / "wifi-country").write_text(room.wifi.country + "\n")
        for name, text in cloud_init.files(
            room.hostname, wifi=room.wifi, ssh_key=room.ssh_key, timezone=room.timezone
        ).items():
            (folder / name).write_text(text, encoding="utf-8")
        for path in folder.rglob("*"):
            path.chmod(0o700 if path.is_dir() else 0o600)
