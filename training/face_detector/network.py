"""The detector's network: thin standard convolutions, a top-down neck, three heads.

After YuNet (Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", 2023): strides
8, 16 and 32, no anchors, separate outputs for class, objectness and box. Unlike YuNet it
has no depthwise convolutions: in int8 a thin standard one is as quick, and it trains better.
"""

from collections.abc import Sequence
from typing import Any, Final

import keras
from keras import layers

from edge_agent.face_detector import STRIDES
from training.layers import convolve

_OUTPUTS: Final = {"class": 1, "objectness": 1, "box": 4}


def face_detector(
    *,
    image_size_hw: tuple[int | None, int | None] = (None, None),
    stem_widths: Sequence[int] = (8, 16),
    widths: Sequence[int] = (32, 48, 64),
    blocks: Sequence[int] = (2, 2, 2),
    neck_width: int = 32,
    frontality: bool = False,
) -> keras.Model:
    """Builds the network.

    Args:
        image_size_hw: height and width in pixels, multiples of 32; None for any.
        stem_widths: channels at strides 2 and 4.
        widths: channels at strides 8, 16 and 32.
        blocks: residual blocks at those strides.
        neck_width: channels of the neck and the heads.
        frontality: whether it also tells how much a face is turned towards the camera.

    Returns:
        A model from (B, H, W, 3) BGR pixels in 0..255 to a dict of nine maps: for each
        stride S ``class_S`` and ``objectness_S`` (B, H/S, W/S, 1) logits and ``box_S``
        (B, H/S, W/S, 4): centre offset from the cell's centre and log of width and height,
        all in cells. With `frontality` also ``frontality_S`` (B, H/S, W/S, 1), logits.
    """
    pixels = keras.Input((*image_size_hw, 3), name="pixels")
    x = layers.Rescaling(1 / 255, name="rescale")(pixels)
    x = convolve(x, stem_widths[0], strides=2, name="stem_a")
    x = convolve(x, stem_widths[1], strides=2, name="stem_b")
    x = _block(x, name="stem_block")
    levels = []
    for stride, width, count in zip(STRIDES, widths, blocks, strict=True):
        x = convolve(x, width, strides=2, name=f"s{stride}_down")
        for block in range(count):
            x = _block(x, name=f"s{stride}_block{block}")
        levels.append(x)

    wanted = _OUTPUTS | ({"frontality": 1} if frontality else {})
    outputs = {}
    above = None
    for stride, level in reversed(list(zip(STRIDES, levels, strict=True))):
        x = convolve(level, neck_width, size=1, name=f"s{stride}_lateral")
        if above is not None:
            above = layers.UpSampling2D(2, interpolation="bilinear", name=f"s{stride}_up")(above)
            x = layers.Add(name=f"s{stride}_merge")([x, above])
        above = x
        x = convolve(x, neck_width, name=f"s{stride}_head")
        for name, channels in wanted.items():
            # Almost every cell is background; starting there keeps the first steps calm.
            bias = keras.initializers.Constant(-3.0 if name == "objectness" else 0.0)
            outputs[f"{name}_{stride}"] = layers.Conv2D(
                channels, 1, bias_initializer=bias, dtype="float32", name=f"{name}_{stride}"
            )(x)
    return keras.Model(pixels, outputs, name="face_detector")


def _block(x: Any, *, name: str) -> Any:
    width = x.shape[-1]
    y = convolve(x, width, name=f"{name}_a")
    y = convolve(y, width, activation=False, name=f"{name}_b")
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([x, y]))
