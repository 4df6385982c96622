"""The student: a residual network for int8 on small processors, taught by larger ones.

After He et al., "Deep Residual Learning for Image Recognition", 2016, for the early stages, and
Sandler et al., "MobileNetV2", 2018, for those that widen a map, convolve its channels apart and
narrow it again. The first layer halves the resolution: at 48 pixels a side a convolution of few
channels takes longest and leaves the processor's registers half empty.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from training.layers import convolve, convolve_depthwise, judge, pixels_and_rescaled


def student(
    *,
    widths: Sequence[int] = (24, 48, 96, 192),
    blocks: Sequence[int] = (1, 2, 2, 1),
    expansions: Sequence[int] = (0, 0, 0, 0),
    stem_size: int = 5,
    dropout: float = 0.1,
) -> keras.Model:
    """Builds the network.

    Args:
        widths: channels of each stage; the first has 24 pixels a side, each other half of that.
        blocks: residual blocks of each stage.
        expansions: by how much a stage's blocks widen the map; 0 stands for two plain convolutions.
        stem_size: side of the first convolution, which halves the resolution.
        dropout: share of features dropped before the last layer.
    """
    pixels, x = pixels_and_rescaled()
    x = convolve(x, widths[0], size=stem_size, strides=2, name="stem")
    stages = zip(widths, blocks, expansions, strict=True)
    for stage, (width, count, expansion) in enumerate(stages):
        for block in range(count):
            strides = 2 if stage > 0 and block == 0 else 1
            name = f"stage{stage}_block{block}"
            x = _block(x, width, strides=strides, expansion=expansion, name=name)
    return keras.Model(pixels, judge(x, dropout=dropout), name="student")


def _block(x: Any, width: int, *, strides: int, expansion: int, name: str) -> Any:
    shortcut = x
    if strides != 1 or x.shape[-1] != width:
        if strides != 1:
            shortcut = layers.MaxPooling2D(strides, name=f"{name}_pool")(shortcut)
        shortcut = convolve(shortcut, width, size=1, activation=False, name=f"{name}_shortcut")
    if expansion:
        x = convolve(x, expansion * width, size=1, name=f"{name}_widen")
        x = convolve_depthwise(x, strides=strides, name=f"{name}_space")
        x = convolve(x, width, size=1, activation=False, name=f"{name}_narrow")
    else:
        x = convolve(x, width, strides=strides, name=f"{name}_a")
        x = convolve(x, width, activation=False, name=f"{name}_b")
    x = layers.Add(name=f"{name}_add")([x, shortcut])
    return layers.ReLU(name=f"{name}_relu")(x)
