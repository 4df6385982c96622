"""What a day came to: every window accounted for, and the memory that it took."""

import contextlib
import statistics
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from tests.soak.faults import Day, Options
from tests.soak.room import PATIENCE_SECONDS, MemoryLog, Room
from tests.support import await_true

_WARM_UP_SHARE: Final = 0.1
_LAST_SHARE: Final = 0.1
_MOMENT_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Outcome:
    """What a day came to.

    Attributes:
        done: kind of fault → how often.
        seconds: from the agent's start to its end.
        boots: of the agent; more than one says that it was started again.
        counted: windows by the number of the last one.
        received: different windows that came.
        repeated: windows that came once more.
        lost: windows that the agent says it had to drop.
        counted_seconds: how long the windows lasted together.
        states: state and reason → how often it was told.
        memory: seconds, megabytes of the agent, megabytes of its camera's process.
        exit_code: of the agent, when it was asked to end.
        left_over: processes of its camera, when it had ended.
    """

    done: Counter[str]
    seconds: float
    boots: int
    counted: int
    received: int
    repeated: int
    lost: int
    counted_seconds: float
    states: Counter[str]
    memory: list[tuple[float, float, float]]
    exit_code: int
    left_over: int

    @property
    def missing(self) -> int:
        """Windows that were counted and never came."""
        return self.counted - self.received

    @property
    def memory_mb(self) -> tuple[float, float]:
        """The agent's memory after a tenth of the day, and in its last tenth: medians."""
        begin, end = self._part(_WARM_UP_SHARE, 2 * _WARM_UP_SHARE), self._part(1 - _LAST_SHARE, 1)
        return begin, end

    @property
    def growth(self) -> float:
        """How much the memory has grown between the two, as a share."""
        begin, end = self.memory_mb
        return end / begin - 1

    def _part(self, begin: float, end: float) -> float:
        number = len(self.memory)
        part = self.memory[int(begin * number) : max(int(end * number), int(begin * number) + 1)]
        return statistics.median(agent for _, agent, _ in part)


def live(options: Options, folder: Path, progress: Callable[[int], None]) -> Outcome:
    """Runs an agent through a day.

    Args:
        options: what goes wrong.
        folder: for everything; only the outbox's disk is elsewhere.
        progress: is told the number of faults so far.

    Raises:
        AssertionError: when the agent has ended, or did not notice or outlive a fault.
        PermissionError: when a full disk is asked for without the right to mount one.
    """
    began = time.monotonic()
    with Room(folder, own_disk=options.disk_full > 0) as room:
        room.await_window()
        memory = MemoryLog(room)
        memory.start()
        day = Day(room, options)
        day.live(progress)
        memory.end()
        room.await_true(lambda: room.health().get("outbox_depth") == 0)
        lost = room.health()["windows_lost"]
        held = room.camera_processes()
        room.agent.terminate()
        exit_code = room.agent.wait(PATIENCE_SECONDS)
        await_true(lambda: room.listener.states()[-1:] == [("offline", "stopped")])
        left_over = _left_over(held)
        windows = room.windows()
        states = room.listener.states()
    seqs = {window["seq"] for window in windows}
    return Outcome(
        done=day.done,
        seconds=time.monotonic() - began,
        boots=len({window["boot_id"] for window in windows}),
        counted=max(seqs) + 1,
        received=len(seqs),
        repeated=len(windows) - len(seqs),
        lost=lost,
        counted_seconds=_seconds(windows),
        states=Counter(f"{state}: {reason}" for state, reason in states),
        memory=memory.seen,
        exit_code=exit_code,
        left_over=left_over,
    )


def _left_over(processes: list[int]) -> int:
    """How many are still there after a moment: one whose agent has left ends by itself."""

    def there() -> int:
        return sum(Path(f"/proc/{process}").exists() for process in processes)

    with contextlib.suppress(AssertionError):
        await_true(lambda: not there(), patience=_MOMENT_SECONDS)
    return there()


def _seconds(windows: list[dict[str, Any]]) -> float:
    lengths = {}
    for window in windows:
        start, end = (
            datetime.fromisoformat(window[name].replace("Z", "+00:00"))
            for name in ("window_start", "window_end")
        )
        lengths[window["seq"]] = (end - start).total_seconds()
    return sum(lengths.values())
