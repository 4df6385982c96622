"""DeXpression: two FeatEx blocks, each with a convolved and a pooled path side by side.

After Burkert et al., "DeXpression: Deep Convolutional Neural Network for Expression
Recognition", 2015, scaled from 224 to 48 pixels: the first layer is 3×3 at full resolution in
place of 7×7 at half, unless `stem_strides` says otherwise; batch normalisation replaces the
normalisation across channels, which no int8 operator has; and a mean over the last map replaces
the fully connected layer.
"""

from typing import Any

import keras
from keras import layers

from training.layers import convolve, judge, pixels_and_rescaled


def dexpression(*, width: float = 1.0, stem_strides: int = 1, dropout: float = 0.2) -> keras.Model:
    """Builds the network.

    Args:
        width: the share of the paper's channels that each layer has.
        stem_strides: of the first layer; 2 is a quarter of the work and half the detail.
        dropout: share of features dropped before the last layer.
    """
    pixels, x = pixels_and_rescaled()
    x = convolve(x, round(64 * width), strides=stem_strides, name="stem")
    x = layers.MaxPooling2D(3, strides=2, padding="same", name="stem_pool")(x)
    for index in range(2):
        x = _feature_extraction(x, width, name=f"featex{index}")
    return keras.Model(pixels, judge(x, dropout=dropout), name="dexpression")


def _feature_extraction(x: Any, width: float, *, name: str) -> Any:
    convolved = convolve(x, round(96 * width), size=1, name=f"{name}_convolved_reduce")
    convolved = convolve(convolved, round(208 * width), name=f"{name}_convolved")
    pooled = layers.MaxPooling2D(3, strides=1, padding="same", name=f"{name}_pooled_max")(x)
    pooled = convolve(pooled, round(64 * width), size=1, name=f"{name}_pooled")
    x = layers.Concatenate(name=f"{name}_concat")([convolved, pooled])
    return layers.MaxPooling2D(3, strides=2, padding="same", name=f"{name}_pool")(x)
