"""What the backend computes on; the only module that asks which backend it is."""

import os
import platform
from pathlib import Path

import keras

from training.recipe import RecipeError


def device() -> tuple[str, int]:
    """Name and number of the devices that training uses."""
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        devices = jax.devices()
        if devices[0].platform != "cpu":
            return devices[0].device_kind, len(devices)
        return processor(), len(devices)
    if backend == "torch":
        import torch

        if torch.cuda.is_available():
            return torch.cuda.get_device_name(0), 1
    if backend == "tensorflow":
        import tensorflow as tf

        found = tf.config.list_physical_devices("GPU")
        if found:
            return tf.config.experimental.get_device_details(found[0])["device_name"], 1
    return processor(), 1


def processor() -> str:
    """What the machine calls its processor."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return f"{line.partition(':')[2].strip()}, {os.cpu_count()} threads"
    except OSError:
        pass
    return f"{platform.machine()}, {os.cpu_count()} threads"


def share_batches(batch_size: int) -> int:
    """Lets all devices share each batch, through Keras' own distribution.

    Only JAX has it. Call it before any network is built.

    Returns:
        The number of devices.

    Raises:
        RecipeError: when the batch cannot be shared evenly.
    """
    keras.distribution.set_distribution(None)
    number = device()[1]
    if number == 1:
        return 1
    if batch_size % number:
        raise RecipeError(
            f"batch_size: expected a multiple of the {number} devices, got {batch_size}"
        )
    keras.distribution.set_distribution(keras.distribution.DataParallel())
    return number


def most_steps_a_call() -> int:
    """How many steps may be one call of the device.

    A small network's step is shorter on a GPU than what Python needs to ask for it. A processor
    gains nothing, and XLA computes convolutions in a loop slowly there.
    """
    if keras.backend.backend() != "jax":
        return 1
    import jax

    return 1 if jax.default_backend() == "cpu" else 32
