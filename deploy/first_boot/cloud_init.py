"""The three files that cloud-init reads from a card's boot partition."""

import uuid
from typing import Any, Final

import yaml

from deploy.first_boot.wifi import Wifi

_FIND: Final = (
    "for place in /boot/firmware /boot /media/cidata; do "
    "if test -e $place/classroom/begin.sh; then exec sh $place/classroom/begin.sh; fi; done; "
    "mkdir -p /media/cidata && mount -L CIDATA /media/cidata && "
    "exec sh /media/cidata/classroom/begin.sh"
)
"""Raspberry Pi OS has the partition mounted; another Debian reads a disk called CIDATA."""


def files(
    hostname: str, *, wifi: Wifi | None, ssh_key: str | None, timezone: str | None
) -> dict[str, str]:
    """File name → content. None of them holds a secret but the key of the wireless network."""
    network: dict[str, Any] = {
        "version": 2,
        "ethernets": {"wired": {"match": {"name": "e*"}, "dhcp4": True, "optional": True}},
    }
    if wifi is not None:
        network["wifis"] = wifi.netplan()
    return {
        "user-data": "#cloud-config\n" + _yaml(_user_data(hostname, ssh_key, timezone)),
        "meta-data": _yaml(
            # The same card, prepared again, is another machine to cloud-init.
            {"instance-id": f"{hostname}-{uuid.uuid4().hex[:8]}", "local-hostname": hostname}
        ),
        "network-config": _yaml(network),
    }


def _user_data(hostname: str, ssh_key: str | None, timezone: str | None) -> dict[str, Any]:
    data: dict[str, Any] = {
        "hostname": hostname,
        "manage_etc_hosts": True,
        "ssh_pwauth": False,
        "disable_root": True,
        "runcmd": [["sh", "-c", _FIND]],
    }
    # Without a key, the image's own user stays, whose password is locked.
    if ssh_key is not None:
        data["users"] = [
            {
                "name": "admin",
                "gecos": "Whoever looks after the devices",
                "shell": "/bin/bash",
                "lock_passwd": True,
                "sudo": "ALL=(ALL) NOPASSWD:ALL",
                "ssh_authorized_keys": [ssh_key],
            }
        ]
    if timezone is not None:
        data["timezone"] = timezone
    return data


def _yaml(content: dict[str, Any]) -> str:
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=200)
