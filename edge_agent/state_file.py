"""Tells other programs of this machine what the agent is doing, in one small file."""

import logging
import os
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from edge_agent import __version__
from edge_agent.messages import BootId, Reason, State, Version

FILE_NAME: Final = "agent-state.json"
_LOG = logging.getLogger(__name__)


class AgentState(BaseModel):
    """What the file holds.

    Attributes:
        boot_id: of the agent's start, as in its messages.
        counted: whether a window has been counted since that start.
        delivered: whether the broker has acknowledged one since that start.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    v: Literal[1] = 1
    agent: Version
    boot_id: BootId
    state: State
    reason: Reason
    counted: bool
    delivered: bool

    @property
    def proven(self) -> bool:
        """Whether this start has shown that it does its work."""
        return self.state == "online" and self.counted and self.delivered


class StateFile:
    """Written anew when something in it has changed: a few times a day, a hundred bytes each.

    Args:
        path: None writes nothing.
        boot_id: of this start.
    """

    def __init__(self, path: Path | None, boot_id: str) -> None:
        self._path = path
        self._boot_id = boot_id
        self._state: tuple[State, Reason] = ("online", "started")
        self._counted = self._delivered = False

    def tell(self, state: State, reason: Reason) -> None:
        """The state is another one."""
        self._state = state, reason
        self._write()

    def counted(self) -> None:
        """A window has been counted; the first one is written down."""
        if not self._counted:
            self._counted = True
            self._write()

    def delivered(self) -> None:
        """The broker has acknowledged a window; the first one is written down."""
        if not self._delivered:
            self._delivered = True
            self._write()

    def _write(self) -> None:
        if self._path is None:
            return
        state, reason = self._state
        content = AgentState(
            agent=__version__,
            boot_id=self._boot_id,
            state=state,
            reason=reason,
            counted=self._counted,
            delivered=self._delivered,
        )
        try:
            # Nobody reads half a file. It need not survive a power cut: the next start writes it.
            temporary = self._path.with_suffix(".new")
            temporary.write_text(content.model_dump_json(), encoding="utf-8")
            temporary.chmod(0o644)
            temporary.replace(self._path)
        except OSError as error:
            _LOG.warning("%s: not written: %s", self._path, error.strerror)


def path_of_service() -> Path | None:
    """Where a service has the file: in memory where systemd gives a folder there; else none.

    Only systemd's folders: an agent in somebody's terminal has nobody to tell.
    """
    for variable in ("RUNTIME_DIRECTORY", "STATE_DIRECTORY"):
        if given := os.environ.get(variable):
            return Path(given.split(":")[0]) / FILE_NAME
    return None


def read(folders: list[Path]) -> AgentState | None:
    """What the agent is doing by its newest file in one of the folders; None where there is none.

    A file that an agent of another version wrote in a form of its own counts as none.
    """
    found: list[tuple[int, AgentState]] = []
    for folder in folders:
        path = folder / FILE_NAME
        try:
            written = path.stat().st_mtime_ns
            found.append((written, AgentState.model_validate_json(path.read_bytes())))
        except (OSError, ValidationError):
            continue
    return max(found, key=lambda pair: pair[0])[1] if found else None
