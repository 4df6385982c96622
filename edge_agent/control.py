"""What people, the service manager and the timetable want of the agent."""

from datetime import datetime
from queue import SimpleQueue
from typing import Literal

from edge_agent.pause import Pause
from edge_agent.pipeline import News
from edge_agent.timetable import Timetable

Rest = Literal["command_pause", "schedule_pause"]
"""Why the camera is to be released."""


class Control:
    """Takes wishes from any thread and from signal handlers; one thread obeys them.

    Args:
        pause: somebody's pause, which may be older than this start.

    Attributes:
        news: where the obeying thread waits; None in it means that somebody has a wish.
        stopping: whether the agent is to end.
        timetable: when to count; always, until it is set.
    """

    def __init__(self, pause: Pause) -> None:
        self.news: SimpleQueue[News | None] = SimpleQueue()
        self.stopping = False
        self.timetable = Timetable([])
        self._pause = pause
        self._reload = False

    def stop(self) -> None:
        """Wants the agent to end."""
        # None of these takes a lock that the code which a signal interrupts may hold.
        self.stopping = True
        self.news.put(None)

    def reload(self) -> None:
        """Wants the configuration to be read again."""
        self._reload = True
        self.news.put(None)

    def command(self, command: str) -> None:
        """Wants a pause, or its end."""
        self._pause.set(command == "pause")
        self.news.put(None)

    def rest(self) -> Rest | None:
        """Why the camera is to be released now; None when it is not.

        A pause that somebody asked for goes first: it outlasts the timetable's.
        """
        if self._pause.on:
            return "command_pause"
        return None if self.timetable.active(datetime.now()) else "schedule_pause"

    def reload_wanted(self) -> bool:
        """Whether to read the configuration again; asking takes the wish as granted."""
        if not self._reload:
            return False
        # What is wished for from here on is granted by the next reading.
        self._reload = False
        return True

    def calls(self) -> bool:
        """Whether whoever counts or waits should look up."""
        return self.stopping or self._reload or self.rest() is not None
