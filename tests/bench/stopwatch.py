"""Processor time by part of the agent, without a change to the agent."""

import contextlib
import functools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

from edge_agent.emotion_classifier import EmotionClassifier
from edge_agent.emotion_counter import EmotionCounter
from edge_agent.face_detector import FaceDetector
from edge_agent.face_search import FaceSearch
from edge_agent.face_tracker import FaceTracker
from edge_agent.preprocess import Letterbox, face_crops
from edge_agent.scene_cut import SceneCut
from edge_agent.tflite_model import TfliteModel
from tests.bench.patched import replaced, replaced_method

NETWORKS: Final = ("detector network", "classifier network")
_NETWORK: Final = {"face_detector": NETWORKS[0], "emotion_classifier": NETWORKS[1]}
_METHODS: Final = (
    (Letterbox, "fit", "shrinking the frame"),
    (FaceDetector, "detect", "reading the boxes"),
    (FaceSearch, "find", "following by optical flow"),
    (EmotionClassifier, "predict", "cutting and judging faces"),
    (SceneCut, "update", "following people"),
    (FaceTracker, "update", "following people"),
    (EmotionCounter, "update", "counting"),
    (EmotionCounter, "compute", "counting"),
)


class Stopwatch:
    """Attributes each moment to the innermost part that is running.

    Attributes:
        seconds: processor seconds by part.
    """

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._local = threading.local()

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Times the agent's parts while the body runs."""
        with contextlib.ExitStack() as stack:
            for owner, name, part in _METHODS:
                timed = self._timed(getattr(owner, name), lambda *_, part=part: part)
                stack.enter_context(replaced_method(owner, name, timed))
            invoke = self._timed(TfliteModel.invoke, lambda model: _NETWORK[model.path.stem])
            stack.enter_context(replaced_method(TfliteModel, "invoke", invoke))
            crops = self._timed(face_crops, lambda *_: "cutting and judging faces")
            stack.enter_context(replaced(face_crops, crops))
            yield

    def _timed(self, function: Callable[..., Any], part: Callable[..., str]) -> Callable[..., Any]:
        @functools.wraps(function)
        def timed(*arguments: Any, **options: Any) -> Any:
            inner = self._local.__dict__.setdefault("inner", [])
            inner.append(0.0)
            start = time.thread_time()
            try:
                return function(*arguments, **options)
            finally:
                passed = time.thread_time() - start
                self.seconds[part(arguments[0])] += passed - inner.pop()
                if inner:
                    inner[-1] += passed

        return timed
