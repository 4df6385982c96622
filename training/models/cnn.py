"""A plain convolutional network: pairs of convolutions, each pair followed by max pooling.

After Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
Recognition", 2015, with batch normalisation, and a mean over the last map in place of the
large fully connected layers.
"""

from collections.abc import Sequence

import keras
from keras import layers

from training.layers import convolve, judge, pixels_and_rescaled


def cnn(
    *,
    widths: Sequence[int] = (32, 64, 128, 128),
    convolutions: int = 2,
    stem_strides: int = 1,
    dropout: float = 0.2,
) -> keras.Model:
    """Builds the network.

    Args:
        widths: channels of each stage; each stage but the first halves the resolution.
        convolutions: number in each stage.
        stem_strides: of the first layer; 2 is a quarter of the work and half the detail.
        dropout: share of features dropped before the last layer.
    """
    pixels, x = pixels_and_rescaled()
    for stage, width in enumerate(widths):
        if stage > 0:
            x = layers.MaxPooling2D(2, name=f"stage{stage}_pool")(x)
        for index in range(convolutions):
            strides = stem_strides if stage == index == 0 else 1
            x = convolve(x, width, strides=strides, name=f"stage{stage}_{index}")
    return keras.Model(pixels, judge(x, dropout=dropout), name="cnn")
