"""Reads a trained network's ``.keras`` file, without what only a device needs."""

import zipfile
from pathlib import Path

import keras

from edge_agent.errors import ModelError


def read_keras(path: Path) -> keras.Model:
    """Loads a trained network of whatever task.

    Raises:
        ModelError: for a file that is missing, cut short or none, or that has a layer nobody knows.
    """
    what = f"{path}: expected a trained .keras network"
    if not path.is_file():
        raise ModelError(f"{what}, got {'a folder' if path.is_dir() else 'no such file'}")
    if not zipfile.is_zipfile(path):
        raise ModelError(f"{what}, got a file that is none, or was cut short")
    try:
        network = keras.models.load_model(path, compile=False)
    except (OSError, ValueError, TypeError, KeyError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelError(f"{what} of known layers, got: {reason[:300]}") from error
    if not isinstance(network, keras.Model):
        raise ModelError(f"{what}, got a {type(network).__name__}")
    return network
