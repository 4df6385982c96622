"""Finished windows on their way to the broker: durable, bounded, in order."""

import contextlib
import itertools
import logging
import os
import threading
import time
from pathlib import Path
from typing import Final

from edge_agent.config import AUTO, OutboxSettings
from edge_agent.messages import Counts, OutboxState
from edge_agent.outbox_file import OutboxFile, OutboxFileError, Taken

_LOG = logging.getLogger(__name__)
_REOPEN_SECONDS: Final = 60.0

MEMORY_CAPACITY: Final = 17_280
"""Windows kept in memory at most: a day of 5-second windows."""


class Outbox:
    """A queue whose windows leave some time after the broker has acknowledged them.

    A broker that crashes forgets what it has acknowledged and not yet saved or passed on. A
    crash is seen as a lost connection, so what was acknowledged within the last `keep_seconds`
    is sent again on the next one; the recorder keeps one of each.

    Safe for several threads.

    Args:
        file: where windows are kept; None for memory alone, which a power cut forgets.
        max_megabytes: of the file, in 10^6 bytes; the oldest windows go first.
        max_age_days: older windows are dropped.
        keep_seconds: see above; a broker must save more often than that.
        capacity: windows kept in memory where there is no file, or none that works.

    Raises:
        ConfigError: when another agent uses the file.
    """

    def __init__(
        self,
        file: Path | None = None,
        *,
        max_megabytes: float = 64.0,
        max_age_days: float = 30.0,
        keep_seconds: float = 60.0,
        capacity: int = MEMORY_CAPACITY,
    ) -> None:
        self._path = file
        self._max_bytes = int(max_megabytes * 1e6)
        self._max_age_seconds = max_age_days * 86_400
        self._keep_seconds = keep_seconds
        self._capacity = capacity
        self._lock = threading.Lock()
        self._file: OutboxFile | None = None
        self._failing = self._numbered_by_file = False
        self._reopen_at = 0.0
        self._memory: dict[int, Counts] = {}
        """Position → window: all where there is no file, else what the file could not take."""
        self._sent: set[int] = set()
        self._acknowledged: dict[int, float] = {}
        """Position → when; in the order of the acknowledgements."""
        self._forgettable: set[int] = set()
        """Positions that go with the next write, so that a window costs one write in all."""
        self._held = 0
        self._last = self._taken = self._replay_through = 0
        self._lost = 0
        if file is not None:
            self._open_file(file)

    def __len__(self) -> int:
        """Windows that the broker does not have yet."""
        with self._lock:
            return self._waiting() + len(self._sent)

    @property
    def waiting(self) -> bool:
        """Whether a window is not even on its way."""
        with self._lock:
            return self._waiting() > 0

    @property
    def lost(self) -> int:
        """Windows dropped since the start before the broker had them."""
        return self._lost

    @property
    def state(self) -> OutboxState:
        """Where windows are kept now."""
        if self._path is None:
            return "memory"
        return "disk_unusable" if self._failing else "disk"

    def put(self, window: Counts) -> None:
        """Adds a window at the end; with a file that works, it is on the disk on return."""
        with self._lock:
            self._last += 1
            self._held += 1
            self._memory[self._last] = window
            self._forget_long_acknowledged()
            if self._path is not None:
                self._write(self._path)
            excess = len(self._memory) - self._capacity
            self._drop(list(itertools.islice(self._memory, max(0, excess))))

    def take(self, max_in_flight: int) -> Taken | None:
        """The next window to send; None when there is none or enough are on their way."""
        with self._lock:
            if len(self._sent) >= max_in_flight or not self._waiting():
                return None
            taken = self._after(self._taken)
            if taken is None:
                return None
            self._taken = taken.position
            self._sent.add(taken.position)
            if taken.position > self._replay_through:
                return taken
            late = taken.window.model_copy(update={"replayed": True})
            return Taken(taken.position, late)

    @property
    def replaying(self) -> bool:
        """Whether the next window to send was there before this connection."""
        return self._taken < self._replay_through

    def acknowledge(self, position: int) -> None:
        """Notes that the broker has a window."""
        with self._lock:
            if position in self._sent:
                self._sent.remove(position)
                self._acknowledged[position] = time.monotonic()

    def begin_connection(self) -> None:
        """Whatever may not have arrived is sent again, in order and marked as replayed."""
        with self._lock:
            self._forget_long_acknowledged()
            self._acknowledged.clear()
            self._sent.clear()
            self._taken = 0
            self._replay_through = self._last
            self._held = len(self._memory)
            if self._file is not None:
                with contextlib.suppress(OutboxFileError):
                    self._held += len(self._file.positions())

    def close(self) -> None:
        """Lets go of the file."""
        with self._lock:
            self._forget_long_acknowledged()
            if self._path is not None and (self._forgettable or self._memory):
                self._write(self._path)
            if self._file is not None:
                self._file.close()
                self._file = None

    def _waiting(self) -> int:
        return self._held - len(self._sent) - len(self._acknowledged) - len(self._forgettable)

    def _forget_long_acknowledged(self) -> None:
        if not self._acknowledged:
            return
        # Counted from the newest acknowledgement, not from now: a broker that is away saves
        # nothing meanwhile.
        until = next(reversed(self._acknowledged.values())) - self._keep_seconds
        while self._acknowledged:
            position, at = next(iter(self._acknowledged.items()))
            if at > until:
                return
            del self._acknowledged[position]
            if self._memory.pop(position, None) is None:
                self._forgettable.add(position)
            else:
                self._held -= 1

    def _write(self, path: Path) -> None:
        """Moves what memory holds into the file, and forgets there what may be forgotten."""
        if self._failing and time.monotonic() >= self._reopen_at:
            if self._file is not None:
                self._file.close()
            self._open_file(path)
        if self._file is None:
            return
        windows = [Taken(position, window) for position, window in self._memory.items()]
        try:
            dropped = self._file.append(windows, forget=self._forgettable)
        except OutboxFileError as error:
            self._fail(error)
            return
        if self._failing:
            self._failing = False
            _LOG.info("%s: windows are on the disk again", path)
        self._memory.clear()
        self._held -= len(self._forgettable)
        self._forgettable.clear()
        self._drop(dropped)

    def _open_file(self, path: Path) -> None:
        """Opens the file; its windows come before those that memory holds by now."""
        self._file = None
        try:
            file = OutboxFile(
                path, max_bytes=self._max_bytes, max_age_seconds=self._max_age_seconds
            )
            positions = file.positions()
        except OutboxFileError as error:
            self._fail(error)
            return
        self._file = file
        if not self._numbered_by_file:
            self._number_after(max(positions, default=0))
        self._held = len(self._memory) + len(positions)

    def _number_after(self, last: int) -> None:
        """Moves the positions given out so far behind those of the file, opened only now."""
        self._numbered_by_file = True
        self._memory = {position + last: window for position, window in self._memory.items()}
        self._sent = {position + last for position in self._sent}
        self._acknowledged = {p + last: at for p, at in self._acknowledged.items()}
        self._last += last
        self._taken += last
        self._replay_through += last

    def _fail(self, error: OutboxFileError) -> None:
        self._reopen_at = time.monotonic() + _REOPEN_SECONDS
        if not self._failing:
            _LOG.error("%s: windows are kept in memory until the disk can be used again", error)
        self._failing = True

    def _after(self, position: int) -> Taken | None:
        """The first window beyond a position that is not about to be forgotten."""
        while self._file is not None:
            damaged = self._file.damaged
            try:
                taken = self._file.after(position)
            except OutboxFileError as error:
                self._fail(error)
                break
            finally:
                self._held -= self._file.damaged - damaged
                self._lost += self._file.damaged - damaged
            if taken is None:
                break
            if taken.position not in self._forgettable:
                return taken
            position = taken.position
        if position + 1 in self._memory:
            return Taken(position + 1, self._memory[position + 1])
        found = next((p for p in self._memory if p > position), None)
        return None if found is None else Taken(found, self._memory[found])

    def _drop(self, positions: list[int]) -> None:
        """Notes that windows are gone for want of room or for their age."""
        if not positions:
            return
        self._held -= len(positions)
        lost = 0
        for position in positions:
            self._memory.pop(position, None)
            self._sent.discard(position)
            if self._acknowledged.pop(position, None) is None:
                lost += 1
        self._lost += lost
        if lost:
            _LOG.warning("the outbox is full: the %d oldest windows are dropped", lost)


def open_outbox(settings: OutboxSettings, *, site: str, device: str) -> Outbox:
    """The outbox that the settings ask for.

    Raises:
        ConfigError: when another agent uses its file.
    """
    file = None if settings.file is None else Path(settings.file)
    if settings.file == AUTO:
        file = state_folder() / f"{site}.{device}.outbox.db"
    return Outbox(
        file,
        max_megabytes=settings.max_megabytes,
        max_age_days=settings.max_age_days,
        keep_seconds=settings.keep_seconds,
    )


def state_folder() -> Path:
    """Where a device keeps what outlives it: systemd's folder for it, else the user's."""
    given = os.environ.get("STATE_DIRECTORY")
    if given:
        return Path(given.split(":")[0])
    home = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(home).expanduser() / "edge-agent"
