"""From state to state: counting, resting with the camera released, looking for a lost camera."""

import contextlib
import logging
import random
import time
from collections.abc import Callable
from queue import Empty
from typing import Final, Protocol

from edge_agent.control import Control, Rest
from edge_agent.errors import SourceError
from edge_agent.face_detector import Faces
from edge_agent.messages import Reason, State
from edge_agent.notify import Notifier
from edge_agent.pipeline import Detected, Ended, News, Opened, Pipeline
from edge_agent.source import Frame, Source

_LOG = logging.getLogger(__name__)
_RETRY_SECONDS = (1.0, 60.0)
_STEP_SECONDS: Final = 1.0
_LAST_STEP_SECONDS: Final = 0.1


class Work(Protocol):
    """What there is to do in the states; all of it on one thread, but for `open`."""

    def open(self, stopping: Callable[[], bool]) -> Source:
        """Opens the source, as long as somebody waits for it."""

    def search(self) -> Callable[[Frame], Faces]:
        """What finds the faces of a source's frames, on a thread of its own, and goes with it."""

    def count(self, found: Detected) -> None:
        """Takes a frame and its faces."""

    def break_off(self) -> None:
        """Ends the window in hand: what comes later is no continuation."""

    def tell(self, state: State, reason: Reason) -> None:
        """Tells the state, if it is another one."""

    def tick(self) -> float:
        """Does what is due by the clock; returns the seconds until something is due again."""

    def configure(self) -> bool:
        """Reads the configuration again; whether the source is another one now."""


class Lifecycle:
    """Keeps a source open while it is wanted.

    The watchdog of the service manager is fed with each frame that was counted, and while the
    camera is released or lost and the state says so; all by the one thread that also counts. So
    whatever hangs (a network, a driver that cannot be ended, this loop) has the agent restarted.

    Args:
        control: what others want.
        work: what there is to do.
        notifier: is told that the agent is alive.
        every_frame: no frame may be passed over.
        loop: a recording that is over begins again.
    """

    def __init__(
        self, control: Control, work: Work, notifier: Notifier, *, every_frame: bool, loop: bool
    ) -> None:
        self._control = control
        self._work = work
        self._notifier = notifier
        self._every_frame = every_frame
        self._loop = loop
        self._pipeline: Pipeline | None = None
        self._opened = Opened("", False)
        self._logged = ""
        self._lost = False
        self._wait = _RETRY_SECONDS[0]

    def open(self) -> None:
        """Opens the source for the first time; gives up when the agent is to stop.

        Raises:
            SourceError: when it cannot be opened.
        """
        opened = self._open()
        if isinstance(opened, Ended) and opened.problem is not None:
            raise opened.problem
        if not isinstance(opened, Opened):
            self._release()

    def run(self) -> Reason:
        """One state after another, until somebody stops the agent or a recording is over."""
        while not self._control.stopping:
            if self._control.reload_wanted():
                self._reload()
            elif (rest := self._control.rest()) is not None:
                self._release()
                self._rest(rest)
            elif self._pipeline is None:
                self._look_for_source()
            elif (ended := self._follow(self._pipeline)) is not None:
                self._release()
                _explain(ended)
                if self._opened.live:
                    self._lose()
                elif not self._loop:
                    return "source_ended"
        self._release()
        return "stopped"

    def close(self) -> None:
        """Lets go of the source; waits for that only a moment, as it may hang."""
        if self._pipeline is not None:
            self._pipeline.close()
            self._pipeline.join(_LAST_STEP_SECONDS)

    def _open(self) -> Opened | Ended | None:
        """What came of it; None when somebody wants something else first."""
        self._pipeline = Pipeline(
            self._work.open, self._work.search(), self._control.news, every_frame=self._every_frame
        )
        while not self._control.calls():
            news = self._next_news()
            if isinstance(news, Opened):
                self._opened = news
                return news
            if isinstance(news, Ended):
                return news
        return None

    def _follow(self, pipeline: Pipeline) -> Ended | None:
        """Counts until the source is over; None when somebody wants something else first."""
        pipeline.begin()
        if self._opened.name != self._logged:
            self._logged = self._opened.name
            _LOG.info("source: %s", self._logged)
        while not self._control.calls():
            news = self._next_news()
            if isinstance(news, Detected):
                pipeline.taken()
                self._work.count(news)
                self._notifier.alive()
            elif isinstance(news, Ended):
                return news
        return None

    def _look_for_source(self) -> None:
        if self._lost:
            # Jitter keeps a hub full of cameras from being asked in step.
            self._sleep(self._wait * random.uniform(0.7, 1.3))
            self._wait = min(2 * self._wait, _RETRY_SECONDS[1])
            if self._control.calls():
                return
        opened = self._open()
        if isinstance(opened, Opened):
            if self._lost:
                self._work.tell("online", "camera_found")
            self._lost = False
            return
        self._release()
        if isinstance(opened, Ended):
            _explain(opened)
            self._lose()

    def _lose(self) -> None:
        if not self._lost:
            self._wait = _RETRY_SECONDS[0]
        self._lost = True
        self._work.tell("online", "camera_lost")

    def _release(self) -> None:
        """Waits until the source is released, however long; but not once the agent is to stop."""
        if self._pipeline is not None:
            self._pipeline.close()
            while not (ended := self._pipeline.join(_LAST_STEP_SECONDS)):
                self._work.tick()
                if self._control.stopping:
                    break
            with contextlib.suppress(Empty):
                while True:
                    self._control.news.get_nowait()
            if ended:
                self._pipeline = None
        self._work.break_off()

    def _rest(self, rest: Rest) -> None:
        """Waits with the camera released, until nobody wants that any more."""
        last = rest
        while (now := self._control.rest()) is not None and not self._control.stopping:
            if self._control.reload_wanted():
                self._reload()
                continue
            last = now
            self._work.tell("paused", last)
            self._pause_for_news()
        self._lost = False
        if not self._control.stopping:
            resumed: Reason = "command_resume" if last == "command_pause" else "schedule_resume"
            self._work.tell("online", resumed)

    def _reload(self) -> None:
        self._notifier.reloading()
        if self._work.configure():
            self._release()
        if self._lost:
            self._work.tell("online", "camera_lost")
        self._notifier.ready()

    def _sleep(self, seconds: float) -> None:
        """Waits about so long, or until somebody wants something."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._control.calls():
            self._pause_for_news(until - time.monotonic())

    def _pause_for_news(self, seconds: float = _STEP_SECONDS) -> None:
        self._notifier.alive()
        self._next_news(seconds)

    def _next_news(self, seconds: float = _STEP_SECONDS) -> News | None:
        """What the source has to tell; None when that takes too long or somebody has a wish."""
        with contextlib.suppress(Empty):
            return self._control.news.get(timeout=max(0.0, min(seconds, self._work.tick())))
        return None


def _explain(ended: Ended) -> None:
    """Logs why a source ended; what is no trouble with a source is ours, and raised."""
    if isinstance(ended.problem, SourceError):
        _LOG.warning("%s", ended.problem)
    elif ended.problem is not None:
        raise ended.problem
