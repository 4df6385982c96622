"""The emotion networks by name: (48, 48, 1) pixels in 0..255 in, seven logits out."""

from collections.abc import Callable
from typing import Final

import keras

from training.models.cnn import cnn
from training.models.densenet import densenet
from training.models.dexpression import dexpression
from training.models.mobilenet import mobilenet
from training.models.resnet import resnet
from training.models.student import student

EMOTION_MODELS: Final[dict[str, Callable[..., keras.Model]]] = {
    "cnn": cnn,
    "mobilenet": mobilenet,
    "dexpression": dexpression,
    "densenet": densenet,
    "resnet": resnet,
    "student": student,
}
"""Family → function ``(**options) -> keras.Model``. Every family has the same input and output."""
