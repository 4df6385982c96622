"""Figures with their uncertainty."""

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Share:
    """So many right of so many; as text, percent with the 95 % interval."""

    hits: int
    total: int

    @classmethod
    def of(cls, right: np.ndarray) -> "Share":
        """Counts (N,) bool."""
        return cls(int(right.sum()), len(right))

    @property
    def value(self) -> float:
        """0..1; 0 where nothing was tried."""
        return self.hits / self.total if self.total else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval, 0..1."""
        return wilson_interval(self.hits, self.total)

    def __str__(self) -> str:
        low, high = (f"{100 * bound:.1f}" for bound in self.interval)
        return f"{100 * self.value:.1f} % ({low} to {high})"


@dataclass(frozen=True)
class Difference:
    """What one answers rightly and another does not, and the other way round; and chance.

    As text: the pictures gained and lost, and how probable a difference of at least this size is
    where both are equally good (the exact sign test, as McNemar, 1947, has it for pairs).
    """

    gained: int
    lost: int

    @classmethod
    def of(cls, before: np.ndarray, after: np.ndarray) -> "Difference":
        """Counts pictures: (N,) bool each, whether the answer is right."""
        return cls(int((after & ~before).sum()), int((before & ~after).sum()))

    @property
    def probability(self) -> float:
        """0..1; 1 where both answer alike."""
        # Not above: a board that only measures times has no SciPy.
        from scipy.stats import binomtest

        number = self.gained + self.lost
        return float(binomtest(self.gained, number).pvalue) if number else 1.0

    def __str__(self) -> str:
        chance = f"= {self.probability:.2f}" if self.probability >= 0.005 else "< 0.01"
        return f"+{self.gained} -{self.lost} (p {chance})"


def wilson_interval(hits: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share, 0..1 (Wilson, 1927); everything where nothing was tried."""
    if total == 0:
        return 0.0, 1.0
    z = 1.959964
    share = hits / total
    centre = share + z * z / (2 * total)
    spread = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)
