"""What is looked at: the trial video with its true faces, and walls of so many of its faces."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge_agent.boxes import iou_matrix
from edge_agent.camera import Frame

MIN_HEIGHT: Final = 24
"""Faces lower than this, in pixels, are not asked for."""
_VIDEO_RATE: Final = 20
RATES: Final = (20, 4)
"""Frames a second: all of the video, and as many as the agent looks at by default."""
_SCENE_FRAMES: Final = 120
_SIZE_WH: Final = (1280, 720)
_CELL, _FACE = 144, 100
_SURROUNDINGS: Final = 1.4
"""What is cut out around a face, in heights of the face."""
_WALL: Final = (110, 110, 110)
_COLUMNS, _ROWS = 8, 5
_WALL_FRAMES: Final = 60

Frames = Callable[[], Iterator[Frame]]
"""Begins again with every call."""


@dataclass(frozen=True)
class Trial:
    """A video and its true faces.

    Attributes:
        video: 1280 x 720 pixels, 20 frames a second.
        people: of each frame, ``[id, x, y, w, h]`` in pixels.
        rate: frames a second to look at.
    """

    video: Path
    people: list[list[list[float]]]
    rate: int = _VIDEO_RATE

    def frames(self) -> Iterator[Frame]:
        """Those that are to be looked at."""
        # One thread, so that decoding can be told apart from what follows it.
        one_thread = [cv2.CAP_PROP_N_THREADS, 1]
        capture = cv2.VideoCapture(str(self.video), cv2.CAP_FFMPEG, one_thread)
        for index in range(len(self.people)):
            capture.grab()
            if index % self._step == 0:
                yield Frame(index / _VIDEO_RATE, capture.retrieve()[1])

    @property
    def _step(self) -> int:
        return _VIDEO_RATE // self.rate

    def boxes_xyxy(self) -> list[np.ndarray]:
        """The true faces of those frames, (N, 4) each."""
        result = []
        for people in self.people[:: self._step]:
            boxes = np.array([person[1:] for person in people], np.float32).reshape(-1, 4)
            result.append(np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1))
        return result

    def true_people(self, window_seconds: float) -> list[int]:
        """Of each window: people with a face of that height in a third of its frames or more."""
        windows: list[list[list[float]]] = []
        for index, people in enumerate(self.people[:: self._step]):
            window = int(index / self.rate // window_seconds)
            while len(windows) <= window:
                windows.append([])
            windows[window].append([p[0] for p in people if p[4] >= MIN_HEIGHT])
        result = []
        for frames in windows:
            seen = [person for frame in frames for person in frame]
            result.append(sum(3 * seen.count(person) >= len(frames) for person in set(seen)))
        return result


def read_trial(video: Path, truth: Path) -> Trial:
    """The video, and a line of JSON a frame that tells its true faces."""
    return Trial(video, [json.loads(line)["faces"] for line in truth.open()])


def wall(trial: Trial, number: int) -> Frames:
    """A wall of so many different faces of the video, all of the same size, swaying a little."""
    heads = _heads(trial)
    cells = np.linspace(0, _COLUMNS * _ROWS - 1, number).round().astype(int)

    def frames() -> Iterator[Frame]:
        for index in range(_WALL_FRAMES):
            seconds = index / RATES[-1]
            yield Frame(seconds, _draw(heads, cells, seconds))

    return frames


def _heads(trial: Trial) -> list[np.ndarray]:
    """Faces without neighbours, (144, 144, 3) each, the face about 72 pixels high."""
    result = []
    capture = cv2.VideoCapture(str(trial.video))
    for index, people in enumerate(trial.people):
        capture.grab()
        if index % _SCENE_FRAMES:
            continue
        image = capture.retrieve()[1]
        for _, x, y, width, height in people:
            middle, side = np.array([x + width / 2, y + height / 2]), _SURROUNDINGS * height
            box = np.concatenate([middle - side / 2, middle + side / 2]).round().astype(int)
            others = [(p[1], p[2], p[1] + p[3], p[2] + p[4]) for p in people]
            alone = (iou_matrix(box[None], np.array(others)) > 0).sum() == 1
            head = image[max(0, box[1]) : box[3], max(0, box[0]) : box[2]]
            if alone and head.shape[:2] == (box[3] - box[1], box[2] - box[0]):
                face = cv2.resize(head, (_FACE, _FACE), interpolation=cv2.INTER_AREA)
                margin = (_CELL - _FACE) // 2
                result.append(
                    cv2.copyMakeBorder(face, *(4 * [margin]), cv2.BORDER_CONSTANT, value=_WALL)
                )
    return result


def _draw(heads: list[np.ndarray], cells: np.ndarray, seconds: float) -> np.ndarray:
    image = np.full((_SIZE_WH[1], _SIZE_WH[0], 3), _WALL, np.uint8)
    for head, cell in zip(heads, cells, strict=False):
        row, column = divmod(int(cell), _COLUMNS)
        x = column * _SIZE_WH[0] // _COLUMNS + 8 + round(6 * np.sin(seconds + cell))
        y = row * _CELL
        image[y : y + _CELL, x : x + _CELL] = head
    return image
