"""The running agent: restarted by systemd, and asked whether it counts."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from packaging.version import Version

from deploy.updates.errors import UpdateError
from edge_agent import state_file
from edge_agent.state_file import AgentState

_LOOK_SECONDS: Final = 0.5
_COMMAND_SECONDS: Final = 60


class Service:
    """The agent's unit.

    Args:
        unit: for systemd.
        folders: where the agent says what it is doing.
    """

    def __init__(self, unit: str, folders: list[Path]) -> None:
        self._unit = unit
        self._folders = folders

    def state(self) -> AgentState | None:
        """What the agent last said; None where it has said nothing."""
        return state_file.read(self._folders)

    def restart(self) -> None:
        """Has systemd start it anew, without waiting for it.

        Raises:
            UpdateError: where systemd refuses.
        """
        # A release that fell over and over must not have used up the starts of this one.
        self._systemctl("reset-failed", required=False)
        self._systemctl("restart", "--no-block")

    def await_proof(self, version: Version, *, unlike: str | None, patience_seconds: float) -> bool:
        """Whether a version counts and delivers within a time.

        Args:
            version: that must run.
            unlike: the boot id of an earlier start, which proves nothing.
            patience_seconds: how long it may take.
        """

        def proven() -> bool:
            state = self.state()
            return state is not None and state.boot_id != unlike and is_at_work(state, version)

        return _await(proven, patience_seconds)

    def _systemctl(self, *words: str, required: bool = True) -> None:
        command = ["systemctl", *words, self._unit]
        try:
            answer = subprocess.run(
                command, capture_output=True, text=True, timeout=_COMMAND_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UpdateError(f"expected systemd's systemctl, got: {error}") from error
        if required and answer.returncode:
            raise UpdateError(
                f"expected `{' '.join(command)}` to work, got: {answer.stderr.strip()[-200:]}"
            )


def is_at_work(state: AgentState, version: Version) -> bool:
    """Whether this version runs, counts and delivers."""
    return _runs(state, version) and state.proven


def rests(state: AgentState | None, version: Version) -> bool:
    """Whether this version runs and has been told to pause."""
    return state is not None and _runs(state, version) and state.state == "paused"


def _runs(state: AgentState, version: Version) -> bool:
    # The folder of what an installer built itself has a + more than what is in it.
    return state.agent == version.public


def _await(condition: Callable[[], bool], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(_LOOK_SECONDS)
    return True
