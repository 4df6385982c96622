"""What a network costs: its parameters and the multiplications that a face takes."""

from typing import Any

import numpy as np


def multiply_adds(network: Any) -> int:
    """Multiplications, each with its addition, for one face."""
    total = 0
    for layer in network.layers:
        kind = type(layer).__name__
        if kind in ("Conv2D", "DepthwiseConv2D"):
            height, width = layer.output.shape[1:3]
            total += height * width * int(np.prod(layer.kernel.shape))
        elif kind == "Dense":
            total += int(np.prod(layer.kernel.shape))
    return total
