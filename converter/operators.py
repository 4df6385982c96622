"""What a TFLite network is made of, and which of it XNNPACK leaves to slower code."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.tflite_model import Interpreter

_DELEGATE = "DELEGATE"


@dataclass(frozen=True)
class Operators:
    """Names of operators, ``CONV_2D``, in the order in which they run.

    Attributes:
        all: of the network, as the runtime is given it.
        outside: those that XNNPACK does not run on this machine. An int8 network with uint8
            pixels has one, QUANTIZE at its beginning, which costs next to nothing.
    """

    all: tuple[str, ...]
    outside: tuple[str, ...]


def operators(model: Path | bytes) -> Operators:
    """Prepares a network as for running it, and looks.

    Args:
        model: a file, or its content.

    Raises:
        ValueError, RuntimeError: when it is no network that this machine can run.
    """
    content = model.read_bytes() if isinstance(model, Path) else model
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    return seen_in(interpreter)


def seen_in(interpreter: Any) -> Operators:
    """The operators of an interpreter whose tensors are allocated."""
    # The one place where Python tells which nodes there are; private, but the same for years.
    nodes = interpreter._get_ops_details()
    of_delegate = {
        int(tensor) for node in nodes if node["op_name"] == _DELEGATE for tensor in node["outputs"]
    }
    real = [node for node in nodes if node["op_name"] != _DELEGATE]

    def runs_outside(outputs: Iterable[int]) -> bool:
        # What the delegate makes on its way has no memory of the interpreter's.
        return any(
            int(tensor) not in of_delegate and _is_allocated(interpreter, int(tensor))
            for tensor in outputs
        )

    return Operators(
        all=tuple(node["op_name"] for node in real),
        outside=tuple(node["op_name"] for node in real if runs_outside(node["outputs"])),
    )


def _is_allocated(interpreter: Any, tensor: int) -> bool:
    try:
        interpreter.get_tensor(tensor)
    except ValueError:
        return False
    return True
