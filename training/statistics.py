"""Figures with their uncertainty."""

import math


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
