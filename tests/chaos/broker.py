"""Mosquitto with the limits of the production configuration, to be killed."""

import signal
import subprocess
from pathlib import Path
from typing import Final

from tests.chaos.program import Program, debian
from tests.support import REPOSITORY, await_port, await_true, free_port

CONFIG: Final = REPOSITORY / "deploy" / "mosquitto" / "mosquitto.conf"
AUTOSAVE_SECONDS: Final = 1
_OF_ITS_OWN: Final = (
    *("per_listener_settings", "allow_anonymous", "acl_file", "password_file"),
    *("persistence_location", "autosave_interval", "log_"),
)
"""Options of `CONFIG` that a broker on loopback in a temporary folder sets otherwise."""


class Mosquitto(Program):
    """Debian's Mosquitto on a loopback port, without a login, saving often.

    Args:
        folder: for its configuration, its saved state and its log.
    """

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._saved = folder / "mosquitto.db"
        config = folder / "mosquitto.conf"
        config.write_text(
            # Started as root, it would become a user that cannot read the folder.
            f"user root\n{limits()}\nlistener {self.port} 127.0.0.1\nallow_anonymous true\n"
            f"persistence_location {folder}/\nautosave_interval {AUTOSAVE_SECONDS}\n"
            "log_type error\nlog_dest stdout\n"
        )
        program = debian("mosquitto", package="mosquitto")
        super().__init__("the broker", [program, "-c", config], folder / "mosquitto.log")

    def await_usable(self, process: subprocess.Popen[bytes]) -> None:
        await_port(self.port, process)

    def await_saved(self, text: str) -> None:
        """Returns once a text is in the saved state."""
        self.send(signal.SIGUSR1)  # save now
        await_true(lambda: self._saved.exists() and text.encode() in self._saved.read_bytes())


def limits() -> str:
    """What the production configuration says of all listeners, but for files and logins."""
    options, _, _ = CONFIG.read_text().partition("\nlistener ")
    return "\n".join(
        line for line in options.splitlines() if line and not line.startswith(_OF_ITS_OWN)
    )
