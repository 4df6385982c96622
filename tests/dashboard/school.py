"""A simulated school: counts of lessons that look like lessons, from a seed, and nobody in them."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np

from edge_agent.emotions import EMOTIONS
from edge_agent.messages import Counts
from tests.dashboard.device_messages import WINDOW, counts

# Shares of angry, disgusted, fearful, happy, neutral, sad, surprised and uncertain.
_PHASES = (
    (0.02, 0.00, 0.01, 0.24, 0.52, 0.05, 0.06, 0.10),  # coming in
    (0.01, 0.01, 0.02, 0.08, 0.70, 0.06, 0.02, 0.10),  # listening
    (0.02, 0.01, 0.02, 0.34, 0.40, 0.04, 0.07, 0.10),  # group work
    (0.02, 0.01, 0.05, 0.06, 0.62, 0.12, 0.02, 0.10),  # a test
)


def lesson(
    start: datetime,
    minutes: float,
    *,
    seed: int,
    boot_id: str,
    device: str = "room-101",
    first_seq: int = 0,
    people: int = 22,
    hidden: tuple[float, float] | None = None,
    missing: tuple[float, float] | None = None,
) -> Iterator[Counts]:
    """The windows of a lesson.

    Args:
        hidden, missing: stretches, as parts of the whole from 0 to 1, with too few people to show
            numbers, and with no windows at all.
    """
    chance = np.random.default_rng(seed)
    order = chance.permutation(len(_PHASES))
    length = int(timedelta(minutes=minutes) / WINDOW)
    shares, present = np.array(_PHASES[order[0]]), float(people)
    for index in range(length):
        part = index / length
        shares = 0.97 * shares + 0.03 * np.array(_PHASES[order[int(part * len(_PHASES))]])
        present = np.clip(present + chance.normal(0, 0.35), 0.75 * people, people + 2)
        numbers = chance.multinomial(max(0, round(present)), shares / shares.sum())
        if missing and missing[0] <= part < missing[1]:
            continue
        yield counts(
            first_seq + index,
            end=start + (index + 1) * WINDOW,
            device=device,
            boot_id=boot_id,
            suppressed=bool(hidden and hidden[0] <= part < hidden[1]),
            uncertain=int(numbers[-1]),
            **{"angry": 0, **dict(zip(EMOTIONS, map(int, numbers), strict=False))},
        )
