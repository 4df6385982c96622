"""The sample scene: a moving group of public-domain portraits, for machines without a camera.

The portraits come inside other packages and are never copied: ``grace_hopper.jpg`` in
matplotlib and ``astronaut.png`` in scikit-image.
"""

from collections.abc import Iterator
from importlib.resources import files
from typing import Final

import cv2
import numpy as np

from edge_agent.errors import SourceError

_PORTRAITS: Final = (
    # package, file, and the square x, y, side that shows head and shoulders
    ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg", (100, 20, 360)),
    ("skimage", "data/astronaut.png", (110, 0, 260)),
)
_SIZE_WH: Final = (1280, 720)
_LIFE_SECONDS: Final = 20.0


def sample_frames(frames_per_second: float) -> Iterator[tuple[float, np.ndarray]]:
    """Endless pairs of a time in seconds and a (720, 1280, 3) uint8 BGR picture.

    Between six and ten people sway in two rows; two of them come and go, so that the
    counts change.

    Raises:
        SourceError: when neither package is installed.
    """
    portraits = [_portrait(*portrait) for portrait in _PORTRAITS]
    time = 0.0
    while True:
        yield time, _draw(portraits, time)
        time += 1 / frames_per_second


def _draw(portraits: list[np.ndarray], time: float) -> np.ndarray:
    width, height = _SIZE_WH
    scene = np.empty((height, width, 3), np.uint8)
    scene[:] = np.linspace(150, 205, height, dtype=np.uint8)[:, None, None]
    for seat in range(10):
        row, column = divmod(seat, 5)
        phase = 2 * np.pi * (time / _LIFE_SECONDS + seat / 10)
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


def _portrait(package: str, name: str, square: tuple[int, int, int]) -> np.ndarray:
    try:
        content = files(package).joinpath(name).read_bytes()
    except (ModuleNotFoundError, OSError) as error:
        raise SourceError(
            f"the sample scene needs {name} from the package {package}, got: {error}; install "
            "the extra 'demo', or give a camera or file with --source"
        ) from error
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise SourceError(f"{name} of the package {package} is not a picture; install it again")
    x, y, side = square
    return image[y : y + side, x : x + side]
