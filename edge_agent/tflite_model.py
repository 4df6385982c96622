"""A TFLite network: load it, check that it fits, quantize in, invoke, dequantize out."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from edge_agent.errors import ModelError
from edge_agent.model_card import read_card, sha256

try:
    from ai_edge_litert.interpreter import Interpreter
except ImportError:  # 32-bit boards have no LiteRT wheel
    from tflite_runtime.interpreter import Interpreter


def runtime_version() -> str:
    """Name and version of the runtime in use, ``ai-edge-litert-2.3.0``."""
    from importlib.metadata import PackageNotFoundError, version

    for package in ("ai-edge-litert", "tflite-runtime"):
        try:
            return f"{package}-{version(package)}"
        except PackageNotFoundError:
            continue
    return "unknown"


class TfliteModel:
    """One network with one input, and the SHA-256 of exactly what was loaded.

    Not for use by several threads at once.

    Args:
        path: the ``.tflite`` file; a card beside it must agree with it.
        num_threads: threads that one `invoke` may use.

    Raises:
        ModelError: when it cannot be read or run, or disagrees with its card.
    """

    def __init__(self, path: Path | str, *, num_threads: int = 1) -> None:
        self.path = Path(path)
        self.sha256 = sha256(self.path)
        self.card = read_card(self.path)
        self._content = self.path.read_bytes()
        self._num_threads = num_threads
        self._load()
        self._pixel_table = self._quantized_pixels()

    def resize(self, size_hw: tuple[int, int]) -> None:
        """Gives a fully convolutional network's input another height and width.

        Args:
            size_hw: such that every map of the network has whole sides.

        Raises:
            ModelError: when the network cannot be resized.
        """
        self._load(size_hw)

    def _load(self, size_hw: tuple[int, int] | None = None) -> None:
        try:
            # Later, when it is resized, another thread may have something to say.
            with quiet_standard_error() if size_hw is None else nullcontext():
                # A copy, because resizing changes it.
                content = bytes(bytearray(self._content))
                self._interpreter = Interpreter(
                    model_content=content, num_threads=self._num_threads
                )
                if size_hw is not None:
                    _resize(self._interpreter, size_hw)
                self._interpreter.allocate_tensors()
            signature = self._interpreter.get_signature_runner()
        except (ValueError, RuntimeError, TypeError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            how = "" if size_hw is None else f" with an input of {_text(size_hw)}"
            raise ModelError(
                f"{self.path}: expected a TFLite network that this machine can run{how}, got: "
                f"{reason}"
            ) from error
        inputs = self._interpreter.get_input_details()
        if len(inputs) != 1:
            raise ModelError(f"{self.path}: expected one input, got {len(inputs)}")
        self._input = inputs[0]
        self.input_shape = tuple(int(size) for size in self._input["shape"])
        self.input_dtype = np.dtype(self._input["dtype"])
        self.outputs: dict[str, Any] = signature.get_output_details()

    def require(
        self,
        *,
        input_shape: tuple[int | None, ...],
        outputs: dict[str | None, tuple[int | None, ...]],
        optional: dict[str | None, tuple[int | None, ...]] | None = None,
        what: str,
    ) -> None:
        """Refuses a network of another shape; None stands for any size or name.

        Args:
            input_shape: of the only input.
            outputs: by name, and no others,
            optional: but these, all or none.
            what: the network is to be, for the message.

        Raises:
            ModelError: with what was expected and what the file holds.
        """
        if optional and set(optional) <= set(self.outputs):
            outputs = outputs | optional
        actual = [tuple(int(s) for s in detail["shape"]) for detail in self.outputs.values()]
        names = {name for name in outputs if name is not None}
        if (
            not _fits(self.input_shape, input_shape)
            or self.input_dtype not in (np.uint8, np.int8, np.float32)
            or not names <= set(self.outputs)
            or len(actual) != len(outputs)
            or not all(
                _fits(
                    tuple(self.outputs[name]["shape"]) if name is not None else actual[0], expected
                )
                for name, expected in outputs.items()
            )
        ):
            expected = ", ".join(
                f"{name + ' ' if name else ''}{_text(shape)}" for name, shape in outputs.items()
            )
            came = ", ".join(
                f"{name} {_text(tuple(detail['shape']))}" for name, detail in self.outputs.items()
            )
            raise ModelError(
                f"{self.path}: expected {what} with uint8 input {_text(input_shape)} and output "
                f"{expected}; got {self.input_dtype.name} input {_text(self.input_shape)} and "
                f"output {came}"
            )

    def invoke(self, pixels: np.ndarray) -> None:
        """Runs the network on pixels (uint8, of the input's shape)."""
        if self._pixel_table is not None:
            pixels = self._pixel_table[pixels]
        self._interpreter.set_tensor(self._input["index"], pixels)
        self._interpreter.invoke()

    def raw_output(self, name: str) -> np.ndarray:
        """A copy of an output as the network wrote it, quantized or not."""
        return self._interpreter.get_tensor(self.outputs[name]["index"])

    def output(self, name: str) -> np.ndarray:
        """An output as float32 real numbers."""
        return self.dequantize(name, self.raw_output(name))

    def dequantize(self, name: str, raw: np.ndarray) -> np.ndarray:
        """float32 real numbers for raw values of an output."""
        scale, zero_point = self.outputs[name]["quantization"]
        if scale == 0:
            return raw.astype(np.float32, copy=False)
        return (raw.astype(np.float32) - zero_point) * np.float32(scale)

    def _quantized_pixels(self) -> np.ndarray | None:
        """The input value of each pixel 0..255; None where a pixel is the input already."""
        pixels = np.arange(256)
        scale, zero_point = self._input["quantization"]
        if scale == 0:
            return pixels.astype(self.input_dtype)
        limits = np.iinfo(self.input_dtype)
        values = np.clip(np.round(pixels / scale) + zero_point, limits.min, limits.max)
        table = values.astype(self.input_dtype)
        return None if np.array_equal(table, pixels) else table


def _resize(interpreter: Interpreter, size_hw: tuple[int, int]) -> None:
    pixels = interpreter.get_input_details()[0]
    batch, *old_hw, channels = pixels["shape"]
    for tensor in interpreter.get_tensor_details():
        # The only constants of this kind are the sizes to which a network enlarges its own maps.
        if tensor["dtype"] == np.int32 and tuple(tensor["shape"]) == (2,):
            target_hw = interpreter.tensor(tensor["index"])
            target_hw()[:] = target_hw() * size_hw // old_hw
    interpreter.resize_tensor_input(pixels["index"], [batch, *size_hw, channels])


@contextmanager
def quiet_standard_error() -> Iterator[None]:
    """Drops what native code writes there: LiteRT greets, and has no setting against it."""
    standard_error = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(standard_error, 2)
        os.close(standard_error)
        os.close(nowhere)


def _fits(actual: tuple[int, ...], expected: tuple[int | None, ...]) -> bool:
    return len(actual) == len(expected) and all(
        want is None or int(size) == want for size, want in zip(actual, expected, strict=True)
    )


def _text(shape: tuple[int | None, ...]) -> str:
    return "×".join("any" if size is None else str(int(size)) for size in shape)
