"""The emotion networks by name: (48, 48, 1) pixels in 0..255 in, seven logits out."""

from collections.abc import Callable
from typing import Final

import keras

from training.models.resnet import resnet

EMOTION_MODELS: Final[dict[str, Callable[..., keras.Model]]] = {
    "resnet": resnet,
}
"""Family → function ``(**options) -> keras.Model``. Every family has the same input and output."""
