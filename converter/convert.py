"""Turns a trained Keras network into full int8 TFLite, a pixel being the quantized input."""

import contextlib
import io
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np


def to_int8(network_path: Path, calibration: Iterable[np.ndarray]) -> bytes:
    """Post-training quantization: weights per channel, uint8 in, int8 out.

    Args:
        network_path: a ``.keras`` file.
        calibration: training pictures, each (H, W, C) uint8 of the network's input size;
            a network for any size takes that of the first.

    Returns:
        The TFLite flatbuffer.

    Raises:
        ConversionError: for a file that is not a network, or for an empty calibration.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    import tensorflow as tf

    pictures = [np.asarray(picture) for picture in calibration]
    if not pictures:
        raise ConversionError("expected calibration pictures, got none")
    network = in_float32(load_network(network_path))
    pixels = keras.Input(pictures[0].shape, batch_size=1, name="pixels")
    fixed = keras.Model(pixels, network(pixels))

    converter = tf.lite.TFLiteConverter.from_keras_model(fixed)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    # The two extremes pin the input's scale at exactly 1, so that a pixel needs no scaling.
    extremes = np.zeros_like(pictures[0])
    extremes[0] = 255
    converter.representative_dataset = lambda: (
        [picture[None].astype(np.float32)] for picture in [extremes, *pictures]
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.int8
    # Keras prints the exported signature; nobody asked for it.
    with contextlib.redirect_stdout(io.StringIO()):
        return converter.convert()


class ConversionError(ValueError):
    """A network that cannot be converted."""


def load_network(path: Path):  # type: ignore[no-untyped-def]  # keras.Model, imported lazily
    """Loads a trained network.

    Raises:
        ConversionError: for a file that is none.
    """
    import keras

    try:
        return keras.models.load_model(path, compile=False)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ConversionError(f"{path}: expected a .keras network, got: {reason}") from error


def in_float32(network):  # type: ignore[no-untyped-def]
    """The same network computing in float32, whatever it was trained in."""
    import keras

    def clone(layer):  # type: ignore[no-untyped-def]
        return layer.__class__.from_config({**layer.get_config(), "dtype": "float32"})

    result = keras.models.clone_model(network, clone_function=clone)
    result.set_weights(network.get_weights())
    return result
