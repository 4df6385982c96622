"""The blocks that the networks are built of."""

from typing import Any

import keras
from keras import layers

from edge_agent.emotions import EMOTIONS
from edge_agent.preprocess import FACE_SIZE


def pixels_and_rescaled() -> tuple[Any, Any]:
    """An emotion network's input, (B, 48, 48, 1) in 0..255, and the same in 0..1."""
    pixels = keras.Input((FACE_SIZE, FACE_SIZE, 1), name="pixels")
    return pixels, layers.Rescaling(1 / 255, name="rescale")(pixels)


def convolve(
    x: Any, width: int, *, size: int = 3, strides: int = 1, activation: bool = True, name: str
) -> Any:
    """Convolution without bias, batch normalisation, and ReLU unless told otherwise."""
    x = layers.Conv2D(
        width,
        size,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)
    x = layers.BatchNormalization(momentum=0.97, name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x) if activation else x


def convolve_depthwise(x: Any, *, strides: int = 1, name: str) -> Any:
    """A 3×3 convolution of each channel by itself, batch normalisation and ReLU."""
    x = layers.DepthwiseConv2D(
        3,
        strides=strides,
        padding="same",
        use_bias=False,
        depthwise_initializer="he_normal",
        name=f"{name}_conv",
    )(x)
    x = layers.BatchNormalization(momentum=0.97, name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def judge(x: Any, *, dropout: float) -> Any:
    """The end of an emotion network: the mean over the last map, and seven float32 logits."""
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    return layers.Dense(len(EMOTIONS), dtype="float32", name="logits")(x)
