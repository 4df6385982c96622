"""The sample scene: a moving group of public-domain portraits, for machines without a camera.

The portraits come inside other packages and are never copied: ``grace_hopper.jpg`` in
matplotlib and ``astronaut.png`` in scikit-image.
"""

import time
from collections.abc import Generator, Iterator
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge_agent.demand import Demand
from edge_agent.errors import SourceError
from edge_agent.source import Frame, Source

_PORTRAITS: Final = (
    # package, file, and the square x, y, side that shows head and shoulders
    ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg", (100, 20, 360)),
    ("skimage", "data/astronaut.png", (110, 0, 260)),
)
_SIZE_WH: Final = (1280, 720)
_LIFE_SECONDS: Final = 20.0


def open_sample_scene(demand: Demand, *, fast: bool) -> Source:
    """Opens the endless scene.

    Raises:
        SourceError: when a portrait's package is not installed.
    """
    if fast:
        frames = (Frame(*timed) for timed in sample_frames(demand.frames_per_second))
    else:
        frames = _at_own_pace(_portraits(), demand)
    return Source("sample scene (no camera found or asked for)", False, frames, frames.close)


def sample_frames(frames_per_second: float) -> Iterator[tuple[float, np.ndarray]]:
    """Endless pairs of a time in seconds and a (720, 1280, 3) uint8 BGR picture.

    Between six and ten people sway in two rows; two of them come and go, so that the
    counts change.

    Raises:
        SourceError: when a portrait's package is not installed.
    """
    portraits = _portraits()
    times = (index / frames_per_second for index in count())
    return ((seconds, _draw(portraits, seconds)) for seconds in times)


def _at_own_pace(portraits: list[np.ndarray], demand: Demand) -> Generator[Frame, None, None]:
    start = due = time.monotonic()
    while demand.wait_until(due):
        now = time.monotonic()
        yield Frame(now, _draw(portraits, now - start))
        due = demand.next_due(due, time.monotonic())


def _draw(portraits: list[np.ndarray], seconds: float) -> np.ndarray:
    width, height = _SIZE_WH
    scene = np.empty((height, width, 3), np.uint8)
    scene[:] = np.linspace(150, 205, height, dtype=np.uint8)[:, None, None]
    for seat in range(10):
        row, column = divmod(seat, 5)
        phase = 2 * np.pi * (seconds / _LIFE_SECONDS + seat / 10)
        if seat in (3, 6) and np.sin(phase) < -0.2:
            continue
        side = int((150 if row == 0 else 200) * (1 + 0.06 * np.sin(phase * 2)))
        person = portraits[seat % len(portraits)]
        if seat % 4 > 1:
            person = person[:, ::-1]
        person = cv2.resize(person, (side, side), interpolation=cv2.INTER_AREA)
        person = cv2.convertScaleAbs(person, alpha=0.9 + 0.15 * np.sin(phase + seat))
        x = int(40 + column * 245 + (60 if row == 0 else 0) + 18 * np.sin(phase))
        y = int(60 + row * 300 + 10 * np.cos(phase * 1.7))
        area = scene[y : y + side, x : x + side]
        area[:] = person[: area.shape[0], : area.shape[1]]
    return scene


def _portraits() -> list[np.ndarray]:
    return [_portrait(*portrait) for portrait in _PORTRAITS]


def _portrait(package: str, name: str, square: tuple[int, int, int]) -> np.ndarray:
    try:
        # Its place is enough: importing these packages would cost a second and their memory.
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            raise FileNotFoundError(f"no package {package}")
        content = (Path(spec.origin).parent / name).read_bytes()
    except OSError as error:
        raise SourceError(
            f"the sample scene needs {name} from the package {package}, got: {error}; install "
            "the extra 'demo', or give a camera or file with --source"
        ) from error
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise SourceError(f"{name} of the package {package} is not a picture; install it again")
    x, y, side = square
    return image[y : y + side, x : x + side]
