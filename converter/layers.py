"""Where a quantized network goes astray: each layer's error against the float network."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from converter.convert import ConversionError
from edge_agent.tflite_model import Interpreter, quiet_standard_error

_BAR: Final = 20


@dataclass(frozen=True)
class LayerError:
    """A layer's output in both networks, over some faces.

    Attributes:
        error: root mean square of the difference, as a share of that of the float output. It
            holds what earlier layers brought; a culprit is where it grows at once.
        growth: this error less the largest of the layers before it that it is made of.
    """

    name: str
    operator: str
    error: float
    growth: float


def layer_errors(float_model: Path, quantized: Path, faces_gray: np.ndarray) -> list[LayerError]:
    """Compares the tensors that both networks have, in the order in which they are made.

    Args:
        float_model: the float32 variant for one face.
        quantized: the int8 or int16 variant for one face.
        faces_gray: (N, 48, 48) uint8; some dozens are enough.

    Raises:
        ConversionError: when the two share no tensor: a dynamic network names none.
    """
    first, second = _open(float_model), _open(quantized)
    names = {tensor["name"]: tensor for tensor in first.get_tensor_details() if tensor["name"]}
    pairs = {
        int(tensor["index"]): (names[tensor["name"]], tensor)
        for tensor in second.get_tensor_details()
        if tensor["name"] in names
    }
    made = [
        int(output)
        for node in second._get_ops_details()
        for output in node["outputs"]
        if int(output) in pairs
    ]
    if not made:
        raise ConversionError(
            f"{quantized}: expected layers named as in {float_model}, got none; use an int8 or "
            "int16 variant of the same network"
        )
    differences = dict.fromkeys(pairs, 0.0)
    sizes = dict.fromkeys(pairs, 0.0)
    for face in faces_gray:
        for interpreter in (first, second):
            _run(interpreter, face)
        for output in made:
            plain, other = pairs[output]
            expected = _real(first, plain)
            differences[output] += float(np.square(_real(second, other) - expected).sum())
            sizes[output] += float(np.square(expected).sum())
    errors: dict[int, float] = {}
    result = []
    for node in second._get_ops_details():
        inherited = max((errors.get(int(source), 0.0) for source in node["inputs"]), default=0.0)
        for output in map(int, node["outputs"]):
            # What has no partner in the float network passes on what it was given.
            errors[output] = inherited
            if output in pairs:
                error = float(np.sqrt(differences[output] / max(sizes[output], 1e-30)))
                errors[output] = error
                name = _readable(pairs[output][1]["name"])
                result.append(LayerError(name, node["op_name"], error, error - inherited))
    return result


def markdown(errors: list[LayerError]) -> str:
    """A table with a bar for each layer; the largest growth is marked."""
    largest = max(layer.error for layer in errors)
    culprit = max(errors, key=lambda layer: layer.growth)
    lines = ["| layer | operator | error | grew by | |", "|---|---|---:|---:|---|"]
    for layer in errors:
        bar = "█" * round(_BAR * layer.error / max(largest, 1e-30))
        mark = " ← grew most" if layer is culprit else ""
        lines.append(
            f"| {layer.name} | {layer.operator} | {layer.error:.2%} | {layer.growth:+.2%} "
            f"| {bar}{mark} |"
        )
    return "\n".join(lines)


def _open(model: Path) -> Any:
    from ai_edge_litert.interpreter import OpResolverType

    with quiet_standard_error():
        interpreter = Interpreter(
            str(model),
            experimental_preserve_all_tensors=True,
            # XNNPACK keeps what is between its layers to itself.
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        interpreter.allocate_tensors()
    return interpreter


def _run(interpreter: Any, face: np.ndarray) -> None:
    given = interpreter.get_input_details()[0]
    scale, zero_point = given["quantization"]
    pixels = face.astype(np.float32)
    if scale:
        limits = np.iinfo(given["dtype"])
        pixels = np.clip(np.round(pixels / scale) + zero_point, limits.min, limits.max)
    interpreter.set_tensor(given["index"], pixels[None, ..., None].astype(given["dtype"]))
    interpreter.invoke()


def _real(interpreter: Any, tensor: dict[str, Any]) -> np.ndarray:
    values = interpreter.get_tensor(tensor["index"])
    scale, zero_point = tensor["quantization"]
    return (values.astype(np.float32) - zero_point) * (scale or 1.0)


def _readable(name: str) -> str:
    """``functional_1/resnet_1/stem_relu_1/Relu;…`` is ``stem_relu``."""
    words = name.partition(";")[0].split("/")
    if len(words) < 3:
        return "logits"
    return words[2].removesuffix("_1")
