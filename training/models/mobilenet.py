"""MobileNet: convolutions taken apart into one over space and one over channels.

After Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision
Applications", 2017. A face has 48 pixels where the paper's pictures have 224, so the first
layer keeps the resolution unless `stem_strides` says otherwise.
"""

from typing import Final

import keras

from training.layers import convolve, convolve_depthwise, judge, pixels_and_rescaled

_STEM_WIDTH: Final = 32
_BLOCKS: Final = (
    *((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)),
    *(((512, 1),) * 5),
    *((1024, 2), (1024, 1)),
)
"""Channels and strides of each block, as in the paper's table 1."""


def mobilenet(*, width: float = 0.5, stem_strides: int = 1, dropout: float = 0.2) -> keras.Model:
    """Builds the network.

    Args:
        width: the share of the paper's channels that each layer has: 0.25, 0.5 and 1.0 are usual.
        stem_strides: of the first layer; 2 is a quarter of the work and half the detail.
        dropout: share of features dropped before the last layer.
    """

    def channels(number: int) -> int:
        """Multiples of eight fill the processor's vector registers."""
        return max(8, int(number * width + 4) // 8 * 8)

    pixels, x = pixels_and_rescaled()
    x = convolve(x, channels(_STEM_WIDTH), strides=stem_strides, name="stem")
    for index, (number, strides) in enumerate(_BLOCKS):
        x = convolve_depthwise(x, strides=strides, name=f"block{index}_space")
        x = convolve(x, channels(number), size=1, name=f"block{index}_channels")
    return keras.Model(pixels, judge(x, dropout=dropout), name="mobilenet")
