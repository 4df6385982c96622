"""Gives a network the weights of a released int8 file, where no float network was kept.

The int8 file holds every layer with its batch normalisation folded in. The weights
are taken as they stand, and the normalisation is set so that it changes nothing: with the
mean and the variance that the layers have on the pictures given, scale and offset undo
what they do. If these pictures are changed as they will be while it trains, training goes on
as if the float network were there, short of what rounding to 8 bits took; with others it
begins at once to answer otherwise.
"""

import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np

from training.recipe import RecipeError

_LAYER: Final = re.compile(r"(\w+?)(?:_1)?/(?:convolution|depthwise|MatMul|BiasAdd)")
_WEIGHTED: Final = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.Dense)
_OPERATIONS: Final = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


def take_released_weights(network: keras.Model, model: Path, batches: Iterable[Any]) -> None:
    """Gives a network the weights of a ``.tflite`` file of the same options.

    A layer that gives an output which the file does not have keeps the weights that it has.

    Args:
        network: convolutions and dense layers, each with a bias or with batch normalisation
            right behind it, and a `Rescaling` before the first.
        model: the int8 file that was converted from such a network.
        batches: inputs of `network`, changed as in training; some tens of pictures are enough.

    Raises:
        RecipeError: when the file cannot be read, or does not fit the network.
    """
    kernels = _kernels(model)
    weighted = [layer for layer in network.layers if isinstance(layer, _WEIGHTED)]
    norms = {
        layer.input.name: layer
        for layer in network.layers
        if isinstance(layer, keras.layers.BatchNormalization)
    }
    rescaling = next(one for one in network.layers if isinstance(one, keras.layers.Rescaling))
    surplus = sorted(set(kernels) - {layer.name for layer in weighted})
    if surplus:
        raise RecipeError(
            f"{model}: expected a network with the recipe's options, got one that also has "
            f"{', '.join(surplus)}"
        )
    normed = []
    new = added_outputs(network, kernels)
    for layer in weighted:
        if layer.name in new:
            continue
        norm = norms.get(layer.output.name)
        if norm is None and layer.bias is None:
            raise RecipeError(
                f"{model}: expected a network in which batch normalisation comes right behind each "
                f"convolution, got one in which something else comes behind {layer.name}; start "
                "from its .keras file"
            )
        if layer.name not in kernels or kernels[layer.name][0].shape != tuple(layer.kernel.shape):
            raise RecipeError(
                f"{model}: expected a network with the recipe's options, whose layer {layer.name} "
                f"has a kernel of {tuple(layer.kernel.shape)}, got "
                f"{kernels[layer.name][0].shape if layer.name in kernels else 'none'}"
            )
        kernel, offset = kernels[layer.name]
        # The converter folds the rescaling of pixels into the first kernel.
        layer.kernel.assign(kernel / rescaling.scale if layer is weighted[0] else kernel)
        if norm is None:
            layer.bias.assign(offset)
        else:
            ones = np.ones_like(offset)
            norm.set_weights([ones, offset, 0 * ones, ones - norm.epsilon])
            normed.append((layer, norm, offset))
    _set_statistics(network, normed, batches)


def added_outputs(network: keras.Model, known: Collection[str]) -> set[str]:
    """Layers that give an output of the network and are not among those of an earlier one.

    None where the earlier one has none of its outputs: then it is another network.
    """
    giving = {
        layer.name
        for layer in network.layers
        if any(layer.output is output for output in network.outputs)
    }
    return giving - set(known) if giving & set(known) else set()


def _set_statistics(
    network: keras.Model,
    normed: list[tuple[keras.layers.Layer, keras.layers.Layer, np.ndarray]],
    batches: Iterable[Any],
) -> None:
    """Measures each layer's mean and variance, and lets scale and offset undo them."""
    inner = keras.Model(network.inputs, [layer.output for layer, _, _ in normed])
    sums = [np.zeros((2, len(offset))) for _, _, offset in normed]
    count = 0
    for batch in batches:
        count += 1
        for total, values in zip(sums, inner.predict_on_batch(batch), strict=True):
            flat = np.asarray(values, np.float64).reshape(-1, values.shape[-1])
            total += [flat.mean(0), np.square(flat).mean(0)]
    for (_, norm, offset), total in zip(normed, sums, strict=True):
        mean, square = total / count
        variance = np.maximum(square - np.square(mean), 0)
        norm.set_weights([np.sqrt(variance + norm.epsilon), offset + mean, mean, variance])


def _kernels(model: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Layer's name → kernel as Keras has it, and offset (O,), both float32."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    try:
        # Delegates would hide the operations.
        interpreter = Interpreter(
            str(model),
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
    except (ValueError, OSError) as error:
        raise RecipeError(f"{model}: expected a released .tflite network, got: {error}") from error
    interpreter.allocate_tensors()
    tensors = {one["index"]: one for one in interpreter.get_tensor_details()}
    found = {}
    for operation in interpreter._get_ops_details():
        if operation["op_name"] not in _OPERATIONS:
            continue
        _, kernel, *offset = (tensors[index] for index in operation["inputs"] if index >= 0)
        [result] = (tensors[index] for index in operation["outputs"])
        # A tensor's name tells all the layers that went into it.
        names = _LAYER.findall(";".join(one["name"] for one in (kernel, *offset, result)))
        # The first axis goes to the end: (O, H, W, I), (1, H, W, C) and (O, I).
        values = np.moveaxis(_dequantized(interpreter, kernel), 0, -1)
        added = _dequantized(interpreter, offset[0]) if offset else np.zeros(result["shape"][-1])
        found.update(dict.fromkeys(names, (values, added)))
    return found


def _dequantized(interpreter: Any, tensor: dict[str, Any]) -> np.ndarray:
    """A constant as float32; one of its axes is the channels that have scales of their own."""
    quantization = tensor["quantization_parameters"]
    values = interpreter.get_tensor(tensor["index"]).astype(np.float32)
    shape = [1] * values.ndim
    shape[quantization["quantized_dimension"]] = -1
    return values * quantization["scales"].reshape(shape)
