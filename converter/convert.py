"""Turns a trained Keras network into TFLite in any precision and for any batch."""

import os
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from converter.precision import Precision
from edge_agent.tflite_model import quiet_standard_error


class ConversionError(ValueError):
    """A network that cannot be converted."""


@dataclass(frozen=True)
class Graph:
    """A TensorFlow SavedModel in a folder, for so many pictures at a time."""

    folder: Path
    batch: int


def to_int8(network_path: Path, calibration: Iterable[np.ndarray]) -> bytes:
    """Full int8 for one picture at a time: weights per channel, uint8 in, int8 out.

    Args:
        network_path: a ``.keras`` file.
        calibration: training pictures, each (H, W, C) uint8 of the network's input size;
            a network for any size takes that of the first.

    Returns:
        The TFLite flatbuffer.

    Raises:
        ConversionError: for a file that is not a network, or for an empty calibration.
    """
    pictures = [np.asarray(picture) for picture in calibration]
    if not pictures:
        raise ConversionError("expected calibration pictures, got none")
    with frozen(load_network(network_path), pictures[0].shape, batch=1) as graph:
        return convert(graph, Precision.INT8, pictures)


@contextmanager
def frozen(network: Any, image_shape: Sequence[int], *, batch: int) -> Iterator[Graph]:
    """A network with a fixed input and constant weights; exists in the body.

    Each conversion from it is several times quicker than from the network itself.

    Args:
        network: a `keras.Model`.
        image_shape: (H, W, C) of a picture.
        batch: pictures at a time.
    """
    import keras
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    from training.networks import in_float32

    pixels = keras.Input(tuple(image_shape), batch_size=batch, name="pixels")
    fixed = keras.Model(pixels, in_float32(network)(pixels))
    names = sorted(fixed.output) if isinstance(fixed.output, dict) else ["output_0"]
    signature = [tf.TensorSpec((batch, *image_shape), tf.float32, name="pixels")]

    def named(pixels: Any) -> dict[str, Any]:
        outputs = fixed(pixels, training=False)
        return outputs if isinstance(outputs, dict) else {names[0]: outputs}

    constant = convert_variables_to_constants_v2(
        tf.function(named, input_signature=signature).get_concrete_function()
    )
    module = tf.Module()
    module.serve = tf.function(
        lambda pixels: dict(zip(names, constant(pixels), strict=True)), input_signature=signature
    )
    with tempfile.TemporaryDirectory(prefix="converter-") as folder:
        tf.saved_model.save(module, folder, signatures=module.serve)
        yield Graph(Path(folder), batch)


def convert(graph: Graph, precision: Precision, calibration: Sequence[np.ndarray]) -> bytes:
    """Writes a frozen network in a precision.

    Args:
        graph: of `frozen`.
        precision: what to make.
        calibration: training pictures (H, W, C) uint8; used only where `precision` needs them.

    Returns:
        The TFLite flatbuffer.

    Raises:
        ConversionError: when TFLite has no operator for a layer, or calibration is missing.
    """
    import tensorflow as tf

    if precision is Precision.INT8_LITERT:
        return _by_litert_quantizer(graph, calibration)
    if precision.is_calibrated and not len(calibration):
        raise ConversionError(f"expected calibration pictures for {precision.value}, got none")
    converter = tf.lite.TFLiteConverter.from_saved_model(str(graph.folder))
    if precision is not Precision.FLOAT32:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision is Precision.FLOAT16:
        converter.target_spec.supported_types = [tf.float16]
    if precision.is_calibrated:
        converter.representative_dataset = lambda: _batches(calibration, graph.batch)
    if precision is Precision.INT8:
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.uint8
        converter.inference_output_type = tf.int8
    if precision is Precision.INT16:
        converter.target_spec.supported_ops = [
            tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        ]
    try:
        # The converter tells of its own steps, which nobody asked for; errors are raised.
        with redirect_stdout(StringIO()), quiet_standard_error(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return converter.convert()
    except Exception as error:  # of many kinds, some without a common base
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ConversionError(
            f"expected layers that TFLite has operators for in {precision.value}, got: "
            f"{reason[0][:300]}"
        ) from error


def _by_litert_quantizer(graph: Graph, calibration: Sequence[np.ndarray]) -> bytes:
    """int8 made of the float32 flatbuffer, where TensorFlow makes it of the graph."""
    try:
        from litert_quantizer import quantizer, recipe
    except ImportError as error:
        raise ConversionError(
            f"expected the package litert-quantizer, got: {error}; pip install litert-quantizer"
        ) from error
    if not len(calibration):
        raise ConversionError("expected calibration pictures for int8-litert, got none")
    flatbuffer = graph.folder / "float32.tflite"
    flatbuffer.write_bytes(convert(graph, Precision.FLOAT32, calibration))
    batches = [{"pixels": pixels} for [pixels] in _batches(calibration, graph.batch)]
    with redirect_stdout(StringIO()), quiet_standard_error(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        work = quantizer.Quantizer(str(flatbuffer))
        work.load_quantization_recipe(recipe.static_wi8_ai8())
        seen = work.calibrate({"serving_default": batches})
        return bytes(work.quantize(seen).quantized_model)


def _batches(pictures: Sequence[np.ndarray], batch: int) -> Iterator[list[np.ndarray]]:
    """All pictures in full batches, some of them twice at the end."""
    # The two extremes pin the input's scale at exactly 1, so that a pixel needs no scaling.
    extremes = np.zeros_like(pictures[0])
    extremes[0] = 255
    everything = [extremes, *pictures]
    for start in range(0, len(everything), batch):
        some = [everything[index % len(everything)] for index in range(start, start + batch)]
        yield [np.stack(some).astype(np.float32)]


def load_network(path: Path) -> Any:
    """Loads a trained network, a `keras.Model`.

    Raises:
        ModelError: for a file that is none, or that has a layer nobody knows.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from training.keras_file import read_keras

    return read_keras(path)
