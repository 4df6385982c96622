"""A wireless network, its passphrase kept as the key that is derived from it."""

import hashlib
import uuid
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Wifi:
    """WPA2 or WPA3 with a passphrase.

    Attributes:
        name: SSID.
        key: 64 hexadecimal digits; they open this network, but are no passphrase that somebody
            may use elsewhere, too.
        country: two letters, by which the radio keeps the law.
    """

    name: str
    key: str
    country: str

    @classmethod
    def of(cls, name: str, passphrase: str, country: str) -> "Wifi":
        """Derives the key (IEEE 802.11i).

        Raises:
            ValueError: for what no network can be called or be opened with; one sentence.
        """
        if not 1 <= len(name.encode()) <= 32:
            raise ValueError(f"expected a network's name of 1 to 32 bytes, got {name!r}")
        if not 8 <= len(passphrase) <= 63 or not passphrase.isascii():
            raise ValueError(
                "expected a passphrase of 8 to 63 ASCII letters in the first line, got "
                f"{len(passphrase)}"
            )
        if len(country) != 2 or not country.isupper():
            raise ValueError(f"expected a country such as DE, got {country!r}")
        key = hashlib.pbkdf2_hmac("sha1", passphrase.encode(), name.encode(), 4096, 32)
        return cls(name, key.hex(), country)

    def netplan(self) -> dict[str, Any]:
        """As cloud-init's network configuration, version 2."""
        access = {self.name: {"password": self.key}}
        wlan = {"dhcp4": True, "optional": True, "access-points": access}
        return {"wlan0": {**wlan, "regulatory-domain": self.country}}

    def network_manager(self) -> str:
        """As a connection of NetworkManager."""
        # A name may hold what a keyfile gives a meaning to; numbers of bytes it takes as they are.
        name = "".join(f"{byte};" for byte in self.name.encode())
        identity = uuid.uuid5(uuid.NAMESPACE_DNS, self.name)
        return (
            f"[connection]\nid=classroom\nuuid={identity}\ntype=wifi\n\n"
            f"[wifi]\nmode=infrastructure\nssid={name}\n\n"
            f"[wifi-security]\nkey-mgmt=wpa-psk\npsk={self.key}\n\n"
            "[ipv4]\nmethod=auto\n\n[ipv6]\nmethod=auto\n"
        )
