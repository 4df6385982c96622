"""Where the pages are served, and what it takes before anybody beyond this machine sees them."""

import ipaddress
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LOOPBACK: Final = "127.0.0.1"
UPLOAD_MEGABYTES: Final = 10


class ServingError(ValueError):
    """Options that cannot be served with; one sentence says what to change."""


@dataclass(frozen=True)
class Serving:
    """An address and how it is protected.

    Attributes:
        address: IP address to listen on.
        certificate, key: PEM files; both or none.
        behind_proxy: TLS ends at a proxy, which alone reaches this address.
        login: whether a login is set up.
    """

    address: str = LOOPBACK
    port: int = 8501
    certificate: Path | None = None
    key: Path | None = None
    behind_proxy: bool = False
    login: bool = False

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        return ipaddress.ip_address(self.address).is_loopback

    @property
    def secure(self) -> bool:
        """Whether browsers reach it by TLS."""
        return self.behind_proxy or self.certificate is not None

    @property
    def url(self) -> str:
        """What to type into a browser on this machine."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{'https' if self.certificate else 'http'}://{host}:{self.port}"

    def check(self) -> None:
        """Refuses what would show a room to somebody who has not logged in, or in plain text.

        Raises:
            ServingError: with one sentence on what to add.
        """
        if not 1 <= self.port <= 65_535:
            raise ServingError(f"expected --port from 1 to 65535, got {self.port}")
        try:
            loopback = self.is_loopback
        except ValueError as error:
            raise ServingError(
                f"expected an IP address such as 127.0.0.1 or 0.0.0.0 in --address, got "
                f"{self.address!r}"
            ) from error
        if (self.certificate is None) != (self.key is None):
            raise ServingError("expected --https-cert and --https-key together: add the other")
        for option, file in (("--https-cert", self.certificate), ("--https-key", self.key)):
            if file is not None and not file.is_file():
                raise ServingError(f"expected a file in {option}, got {file}: check the path")
        if not self.login and (self.behind_proxy or not loopback):
            what = "behind a proxy" if self.behind_proxy else f"on {self.address}"
            raise ServingError(
                f"expected a login before anybody beyond this machine may look ({what}): make an "
                "account with `python -m dashboard accounts add`, or give --oidc-secrets"
            )
        if not loopback and not self.secure:
            raise ServingError(
                f"expected TLS to serve on {self.address}: give --https-cert and --https-key, or "
                "--behind-proxy where a proxy does it"
            )

    def require_free_port(self) -> None:
        """Refuses a port that another program has.

        Raises:
            ServingError: with the reason.
        """
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.address, self.port))
            except OSError as error:
                raise ServingError(
                    f"expected a free --port, got {self.port} ({error.strerror}): "
                    "end the program that uses it, or give another"
                ) from error

    def flags(self, secrets: Path | None) -> list[str]:
        """Streamlit's options."""
        tls = (
            [f"--server.sslCertFile={self.certificate}", f"--server.sslKeyFile={self.key}"]
            if self.certificate
            else []
        )
        return [
            f"--server.address={self.address}",
            f"--server.port={self.port}",
            "--server.headless=true",
            "--server.fileWatcherType=none",
            "--runner.magicEnabled=false",
            # Else it looks through all objects after each look for something new, twice a second
            # for each viewer, which costs more than the pages do. Python does so now and then.
            "--runner.postScriptGC=false",
            f"--server.maxUploadSize={UPLOAD_MEGABYTES}",
            "--browser.gatherUsageStats=false",
            "--client.toolbarMode=minimal",
            "--client.showErrorDetails=none",
            *tls,
            *([f"--secrets.files={secrets}"] if secrets else []),
        ]
