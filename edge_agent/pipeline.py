"""Captures and finds faces, each on a thread of its own, so that the stages overlap.

OpenCV and the networks' runtime let other threads run while they work. Nothing queues up: each
stage holds one frame, and one more is on its way to the next.
"""

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import NamedTuple, TypeAlias

from edge_agent.face_detector import Faces
from edge_agent.source import Frame, Source


class Opened(NamedTuple):
    """The source gives frames from now on.

    Attributes:
        name: what a person would call it.
        live: whether it can be opened again after it ended or broke.
    """

    name: str
    live: bool


class Detected(NamedTuple):
    """A frame and the faces in it.

    Attributes:
        capture_seconds: processor time that taking it cost, without the wait for it.
        detect_seconds: how long finding the faces took.
    """

    frame: Frame
    faces: Faces
    capture_seconds: float
    detect_seconds: float


class Ended(NamedTuple):
    """There are no more frames, because of a problem or because the source is over."""

    problem: Exception | None


News: TypeAlias = Opened | Detected | Ended


class Pipeline:
    """One source, from its opening to its end, and the faces in its frames, in order.

    Whatever may hang (opening, taking a frame, closing) happens on threads that nobody needs to
    wait for.

    Args:
        open_source: opens the source; given what tells whether anybody still waits for it.
        detect: finds the faces of a frame.
        news: where to put what there is to tell.
        every_frame: no frame is passed over; otherwise the newest wins.
    """

    def __init__(
        self,
        open_source: Callable[[Callable[[], bool]], Source],
        detect: Callable[[Frame], Faces],
        news: "SimpleQueue[News | None]",
        *,
        every_frame: bool,
    ) -> None:
        self._open_source = open_source
        self._detect = detect
        self._news = news
        self._frames = _Place(newest_wins=not every_frame)
        self._room = threading.Semaphore()
        self._begun, self._closing = threading.Event(), threading.Event()
        self._threads = [
            threading.Thread(target=work, name=name, daemon=True)
            for name, work in (("capture", self._capture), ("detect", self._find_faces))
        ]
        for thread in self._threads:
            thread.start()

    def begin(self) -> None:
        """Has an opened source deliver."""
        self._begun.set()

    def taken(self) -> None:
        """Says that a `Detected` was taken from the news: the next may come."""
        self._room.release()

    def close(self) -> None:
        """Asks it to release the source; does not wait."""
        self._closing.set()
        self._frames.close()
        self._begun.set()
        self._room.release()

    def join(self, seconds: float) -> bool:
        """Waits for its end, up to so long; whether it has ended."""
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _capture(self) -> None:
        problem = None
        try:
            with self._open_source(self._closing.is_set) as source:
                self._news.put(Opened(source.name, source.live))
                self._begun.wait()
                self._take_frames(source)
        except Exception as error:  # whoever reads the news knows which he can deal with
            problem = error
        self._frames.finish(Ended(problem))

    def _take_frames(self, source: Source) -> None:
        begin = time.thread_time()
        while not self._closing.is_set():
            frame = next(source.frames, None)
            if frame is None:
                return
            # Waiting costs no processor time.
            now = time.thread_time()
            self._frames.put(frame, now - begin)
            del frame
            begin = now

    def _find_faces(self) -> None:
        while not isinstance(taken := self._frames.take(), Ended):
            frame, capture_seconds = taken
            begin = time.perf_counter()
            try:
                faces = self._detect(frame)
            except Exception as error:
                self._closing.set()
                self._frames.close()
                self._news.put(Ended(error))
                return
            found = Detected(frame, faces, capture_seconds, time.perf_counter() - begin)
            self._room.acquire()
            if not self._closing.is_set():
                self._news.put(found)
            # No frame waits here for the next one.
            del taken, frame, faces, found
        self._news.put(taken)


class _Place:
    """Room for one frame between two threads.

    Args:
        newest_wins: a frame that nobody has taken gives way to the next; otherwise that waits.
    """

    def __init__(self, *, newest_wins: bool) -> None:
        self._newest_wins = newest_wins
        self._held: tuple[Frame, float] | None = None
        self._end: Ended | None = None
        self._closed = False
        self._changed = threading.Condition()

    def put(self, frame: Frame, capture_seconds: float) -> None:
        with self._changed:
            if not self._newest_wins:
                self._changed.wait_for(lambda: self._held is None or self._closed)
            if self._closed:
                return
            if self._held is not None:
                passed_over, spent = self._held
                frame = frame._replace(dropped=frame.dropped + passed_over.dropped + 1)
                capture_seconds += spent
            self._held = frame, capture_seconds
            self._changed.notify_all()

    def take(self) -> tuple[Frame, float] | Ended:
        """The frame, once there is one; the end, once there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._held is not None or self._end is not None)
            if self._held is not None:
                held, self._held = self._held, None
                self._changed.notify_all()
                return held
            assert self._end is not None
            return self._end

    def finish(self, end: Ended) -> None:
        """No frame comes after this one."""
        with self._changed:
            self._end = end
            self._changed.notify_all()

    def close(self) -> None:
        """Nobody wants the frame any more."""
        with self._changed:
            self._closed = True
            self._held = None
            self._changed.notify_all()
