"""DenseNet: each layer sees the maps of all earlier layers of its block.

After Huang et al., "Densely Connected Convolutional Networks", 2017, with bottlenecks and
compression (DenseNet-BC). Two changes keep int8 exact and quick: normalisation and ReLU follow
their convolution, so that they melt into it, in place of coming before it; and blocks are
joined by max pooling, because int8 has no quick mean over parts of a map.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from training.layers import convolve, judge, pixels_and_rescaled


def densenet(
    *,
    blocks: Sequence[int] = (4, 6, 8),
    growth: int = 16,
    compression: float = 0.5,
    stem_strides: int = 1,
    dropout: float = 0.2,
) -> keras.Model:
    """Builds the network.

    Args:
        blocks: layers of each dense block; each block but the first has half the resolution.
        growth: channels that each layer adds.
        compression: the share of channels kept between blocks.
        stem_strides: of the first layer; 2 is a quarter of the work and half the detail.
        dropout: share of features dropped before the last layer.
    """
    pixels, x = pixels_and_rescaled()
    x = convolve(x, 2 * growth, strides=stem_strides, name="stem")
    for block, count in enumerate(blocks):
        if block > 0:
            kept = int(x.shape[-1] * compression)
            x = convolve(x, kept, size=1, name=f"transition{block}")
            x = layers.MaxPooling2D(2, name=f"transition{block}_pool")(x)
        for layer in range(count):
            x = _layer(x, growth, name=f"block{block}_layer{layer}")
    return keras.Model(pixels, judge(x, dropout=dropout), name="densenet")


def _layer(x: Any, growth: int, *, name: str) -> Any:
    added = convolve(x, 4 * growth, size=1, name=f"{name}_bottleneck")
    added = convolve(added, growth, name=name)
    return layers.Concatenate(name=f"{name}_concat")([x, added])
