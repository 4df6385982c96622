"""A plain residual network: post-activation blocks, ReLU only, so that int8 loses little.

After He et al., "Deep Residual Learning for Image Recognition", 2016.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from training.layers import convolve, judge, pixels_and_rescaled


def resnet(
    *,
    widths: Sequence[int] = (16, 32, 56, 88),
    blocks: Sequence[int] = (2, 2, 2, 2),
    stem_strides: int = 1,
    dropout: float = 0.2,
) -> keras.Model:
    """Builds the network.

    Args:
        widths: channels of each stage; each stage but the first halves the resolution.
        blocks: residual blocks of each stage.
        stem_strides: of the first layer; 2 is a quarter of the work and half the detail.
        dropout: share of features dropped before the last layer.
    """
    pixels, x = pixels_and_rescaled()
    x = convolve(x, widths[0], strides=stem_strides, name="stem")
    for stage, (width, count) in enumerate(zip(widths, blocks, strict=True)):
        for block in range(count):
            strides = 2 if stage > 0 and block == 0 else 1
            x = _block(x, width, strides=strides, name=f"stage{stage}_block{block}")
    return keras.Model(pixels, judge(x, dropout=dropout), name="resnet")


def _block(x: Any, width: int, *, strides: int, name: str) -> Any:
    shortcut = x
    if strides != 1 or x.shape[-1] != width:
        shortcut = convolve(
            x, width, size=1, strides=strides, activation=False, name=f"{name}_shortcut"
        )
    x = convolve(x, width, strides=strides, name=f"{name}_a")
    x = convolve(x, width, activation=False, name=f"{name}_b")
    x = layers.Add(name=f"{name}_add")([x, shortcut])
    return layers.ReLU(name=f"{name}_relu")(x)
