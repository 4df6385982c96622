"""The one block that all networks are built of."""

from typing import Any

from keras import layers


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
