"""Stages overlap, the newest frame wins, and whatever hangs holds nobody up."""

import threading
import weakref
from collections.abc import Callable, Iterator
from queue import SimpleQueue

import numpy as np

from edge_agent.errors import SourceError
from edge_agent.face_detector import Faces
from edge_agent.pipeline import Detected, Ended, News, Opened, Pipeline
from edge_agent.source import Frame, Source
from tests.support import PATIENCE_SECONDS, await_true

NOBODY = Faces(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))


DROPPED_BEFORE = 1
"""By the source, before its first frame."""


def picture(number: int) -> np.ndarray:
    return np.full((4, 4, 3), number, np.uint8)


class WatchedPicture(np.ndarray):
    """An array that a test can see the end of."""


class Bench:
    """A pipeline of frames 0, 1, 2, … whose detector works only when it may."""

    def __init__(self, number: int, *, every_frame: bool) -> None:
        self.news: SimpleQueue[News | None] = SimpleQueue()
        self.permits = threading.Semaphore(0)
        self.seen: list[int] = []
        self.given = self.closed = 0
        self._number = number
        self.pipeline = Pipeline(self._open, self._detect, self.news, every_frame=every_frame)

    def _open(self, stopping: Callable[[], bool]) -> Source:
        def close() -> None:
            self.closed += 1

        return Source("frames", True, self._frames(), close)

    def _frames(self) -> Iterator[Frame]:
        for number in range(self._number):
            dropped = DROPPED_BEFORE if number == 0 else 0
            yield Frame(float(number), picture(number), dropped)
            self.given += 1

    def _detect(self, frame: Frame) -> Faces:
        self.seen.append(int(frame.image_bgr[0, 0, 0]))
        assert self.permits.acquire(timeout=PATIENCE_SECONDS)
        return NOBODY

    def next(self) -> News | None:
        news = self.news.get(timeout=PATIENCE_SECONDS)
        if isinstance(news, Detected):
            self.pipeline.taken()
        return news


def test_the_newest_frame_wins_and_the_others_are_counted() -> None:
    bench = Bench(6, every_frame=False)
    assert bench.next() == Opened("frames", True)
    bench.pipeline.begin()
    # The detector is busy with an early one while all the others come.
    await_true(lambda: bench.seen and bench.given == 6)
    bench.permits.release(6)
    found = []
    while isinstance(news := bench.next(), Detected):
        found.append(news.frame)
    assert news == Ended(None)
    # The one that the detector began with, and the last.
    assert len(found) <= 2
    assert found[-1].seconds == 5.0
    assert len(found) + sum(frame.dropped for frame in found) == 6 + DROPPED_BEFORE
    assert bench.pipeline.join(PATIENCE_SECONDS)
    assert bench.closed == 1


def test_where_every_frame_counts_none_is_dropped() -> None:
    bench = Bench(20, every_frame=True)
    bench.pipeline.begin()
    bench.permits.release(20)
    assert bench.next() == Opened("frames", True)
    found = [bench.next() for _ in range(20)]
    assert [news.frame.seconds for news in found if isinstance(news, Detected)] == list(range(20))
    assert [news.frame.dropped for news in found if isinstance(news, Detected)] == [1] + [0] * 19
    assert bench.next() == Ended(None)


def test_nothing_queues_up_behind_somebody_who_is_slow() -> None:
    bench = Bench(20, every_frame=True)
    bench.pipeline.begin()
    bench.permits.release(20)
    assert isinstance(bench.next(), Opened)
    # Nobody takes: one waits, one is held by the detector.
    await_true(lambda: len(bench.seen) == 2)
    await_true(lambda: bench.given == 3)
    assert bench.news.qsize() == 1
    assert isinstance(bench.next(), Detected)
    await_true(lambda: len(bench.seen) == 3)
    assert bench.news.qsize() <= 1
    bench.pipeline.close()
    assert bench.pipeline.join(PATIENCE_SECONDS)


def test_nothing_is_delivered_before_it_begins() -> None:
    bench = Bench(3, every_frame=True)
    assert isinstance(bench.next(), Opened)
    assert (bench.given, bench.seen) == (0, [])
    bench.pipeline.close()
    assert bench.pipeline.join(PATIENCE_SECONDS)
    assert bench.closed == 1


def test_what_breaks_is_told_after_the_last_frame() -> None:
    news: SimpleQueue[News | None] = SimpleQueue()

    def frames() -> Iterator[Frame]:
        yield Frame(0.0, picture(0))
        raise SourceError("camera: gone")

    source = Source("breaking", True, frames(), lambda: None)
    pipeline = Pipeline(lambda _: source, lambda _: NOBODY, news, every_frame=False)
    pipeline.begin()
    told = [news.get(timeout=PATIENCE_SECONDS) for _ in range(3)]
    assert [type(item) for item in told] == [Opened, Detected, Ended]
    assert isinstance(told[2], Ended)
    assert str(told[2].problem) == "camera: gone"


def test_what_cannot_be_opened_is_told() -> None:
    news: SimpleQueue[News | None] = SimpleQueue()

    def refuse(stopping: Callable[[], bool]) -> Source:
        raise SourceError("camera: none")

    Pipeline(refuse, lambda _: NOBODY, news, every_frame=False)
    ended = news.get(timeout=PATIENCE_SECONDS)
    assert isinstance(ended, Ended)
    assert str(ended.problem) == "camera: none"


def test_a_detector_that_fails_ends_it() -> None:
    news: SimpleQueue[News | None] = SimpleQueue()

    def fail(image_bgr: np.ndarray) -> Faces:
        raise ValueError("expected something else")

    source = Source("frames", True, iter([Frame(0.0, picture(0))]), lambda: None)
    pipeline = Pipeline(lambda _: source, fail, news, every_frame=True)
    pipeline.begin()
    assert isinstance(news.get(timeout=PATIENCE_SECONDS), Opened)
    ended = news.get(timeout=PATIENCE_SECONDS)
    assert isinstance(ended, Ended)
    assert isinstance(ended.problem, ValueError)
    assert pipeline.join(PATIENCE_SECONDS)


def test_a_source_that_hangs_holds_nobody_up() -> None:
    news: SimpleQueue[News | None] = SimpleQueue()
    freed = threading.Event()

    def hang(stopping: Callable[[], bool]) -> Source:
        freed.wait(PATIENCE_SECONDS)
        raise SourceError("camera: gave up")

    pipeline = Pipeline(hang, lambda _: NOBODY, news, every_frame=False)
    pipeline.close()
    assert not pipeline.join(0.05)
    freed.set()
    assert pipeline.join(PATIENCE_SECONDS)


def test_waiting_for_a_frame_is_no_work() -> None:
    news: SimpleQueue[News | None] = SimpleQueue()
    waited = threading.Event()

    def frames() -> Iterator[Frame]:
        waited.wait(0.3)
        yield Frame(0.0, picture(0))

    source = Source("slow", True, frames(), lambda: None)
    pipeline = Pipeline(lambda _: source, lambda _: NOBODY, news, every_frame=False)
    pipeline.begin()
    assert isinstance(news.get(timeout=PATIENCE_SECONDS), Opened)
    found = news.get(timeout=PATIENCE_SECONDS)
    assert isinstance(found, Detected)
    assert found.capture_seconds < 0.2


def test_no_frame_outlives_the_next() -> None:
    news: SimpleQueue[News | None] = SimpleQueue()
    watched: list[weakref.ref[WatchedPicture]] = []

    def frames() -> Iterator[Frame]:
        for number in range(4):
            image = picture(number).view(WatchedPicture)
            watched.append(weakref.ref(image))
            frame = Frame(float(number), image)
            del image
            yield frame
            del frame

    source = Source("watched", True, frames(), lambda: None)
    pipeline = Pipeline(lambda _: source, lambda _: NOBODY, news, every_frame=True)
    pipeline.begin()
    assert isinstance(news.get(timeout=PATIENCE_SECONDS), Opened)
    for _ in range(4):
        assert isinstance(news.get(timeout=PATIENCE_SECONDS), Detected)
        pipeline.taken()
    assert news.get(timeout=PATIENCE_SECONDS) == Ended(None)
    assert pipeline.join(PATIENCE_SECONDS)
    assert [reference() for reference in watched] == [None] * 4
