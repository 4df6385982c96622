"""The agent and the alternative in turn, so that a busy moment hits both alike."""

import statistics
import time
from dataclasses import dataclass
from typing import Final

import numpy as np

from edge_agent.config import Detector
from edge_agent.face_detector import Faces
from tests.bench.agent_run import run_agent
from tests.bench.alternative import Alternative
from tests.bench.scenes import MIN_HEIGHT, Frames, Trial
from tests.bench.stopwatch import Stopwatch
from training.face_detector.evaluate import match

ROUNDS: Final = 5
WINDOW_SECONDS: Final = 5.0
FACES: Final = (1, 5, 15, 40)


@dataclass(frozen=True)
class Pair:
    """Processor milliseconds a frame, one thread each: the median of some rounds.

    Attributes:
        ratios: alternative to agent, of each round, in order of size.
    """

    agent: float
    alternative: float
    ratios: list[float]

    @property
    def ratio(self) -> float:
        """The alternative's time to the agent's."""
        return statistics.median(self.ratios)


@dataclass(frozen=True)
class Found:
    """How right one of the two is on the video.

    Attributes:
        recall: share of the true faces of 24 px and more that were found.
        false_boxes: share of boxes that are no true face.
        people_error: mean absolute error of a window's number of people, relative to it.
    """

    recall: float
    false_boxes: float
    people_error: float


def race(frames: Frames, alternative: Alternative) -> Pair:
    """Both on the same frames."""
    rounds = [(run_agent(frames).per_frame, _run(alternative, frames)) for _ in range(ROUNDS)]
    return Pair(
        agent=1000 * statistics.median(agent for agent, _ in rounds),
        alternative=1000 * statistics.median(other for _, other in rounds),
        ratios=sorted(other / agent for agent, other in rounds),
    )


def parts(frames: Frames, detector: Detector | None = None) -> dict[str, float]:
    """Processor milliseconds a frame by part of the agent; the sum is all it takes."""
    watch = Stopwatch()
    with watch.watching():
        run = run_agent(frames, detector)
    # The parts also hold the first frames.
    number = len(run.people)
    told = {part: 1000 * seconds / number for part, seconds in watch.seconds.items()}
    return told | {"everything else": max(0.0, 1000 * run.per_frame - sum(told.values()))}


def agent_found(trial: Trial) -> Found:
    """What the agent finds in the video."""
    run = run_agent(trial.frames)
    windows = [window["faces"] for window in run.windows]
    return _found(trial, run.people, windows)


def alternative_found(trial: Trial, alternative: Alternative) -> Found:
    """What the alternative finds in the video; it counts the mean number of faces."""
    faces, windows = [], []
    for frame in trial.frames():
        faces.append(Faces(*alternative.detect(frame.image_bgr)))
        while len(windows) <= frame.seconds // WINDOW_SECONDS:
            windows.append([])
        windows[-1].append(len(faces[-1]))
    return _found(trial, faces, [round(float(np.mean(numbers))) for numbers in windows])


def _found(trial: Trial, faces: list[Faces], windows: list[int]) -> Found:
    boxes = trial.boxes_xyxy()
    ignored = [np.zeros(len(rows), bool) for rows in boxes]
    recall, precision = match(faces, boxes, ignored, min_height=MIN_HEIGHT).at(0.0)
    true = trial.true_people(WINDOW_SECONDS)
    errors = [abs(found / people - 1) for found, people in zip(windows, true, strict=True)]
    return Found(recall, 1 - precision, float(np.mean(errors)))


def _run(alternative: Alternative, frames: Frames) -> float:
    """Processor seconds a frame, after the first."""
    taken = []
    for frame in frames():
        start = time.process_time()
        alternative.look(frame.image_bgr)
        taken.append(time.process_time() - start)
    return statistics.fmean(taken[1:])
