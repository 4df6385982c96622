"""The precisions that a network can be written in."""

from enum import Enum


class Precision(str, Enum):
    """How a network keeps its weights and computes.

    The value is its name on the command line and in file names.
    """

    FLOAT32 = "float32"
    """As trained."""
    FLOAT16 = "float16"
    """Weights of half the size, computed as float32 (as float16 where the processor can)."""
    DYNAMIC = "dynamic"
    """int8 weights; activations are quantized anew for each picture. Needs no calibration."""
    INT8 = "int8"
    """int8 throughout, uint8 in, so that a pixel is the quantized input."""
    INT16 = "int16"
    """int8 weights and int16 activations, float32 in and out: exact, but not for XNNPACK."""
    INT8_LITERT = "int8-litert"
    """int8 throughout by the package litert-quantizer in place of TensorFlow; int8 in."""

    @property
    def is_calibrated(self) -> bool:
        """Whether pictures fix the range of its activations."""
        return self in (Precision.INT8, Precision.INT16, Precision.INT8_LITERT)


USUAL = tuple(precision for precision in Precision if precision is not Precision.INT8_LITERT)
"""What TensorFlow alone makes."""
