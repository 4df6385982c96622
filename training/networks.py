"""Emotion networks of every kind, to be measured alike: int8, float, others', ensembles."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np

from edge_agent.emotion_classifier import EmotionClassifier, softmax
from edge_agent.emotions import EMOTIONS
from edge_agent.errors import ModelError
from edge_agent.preprocess import FACE_SIZE
from training.costs import multiply_adds
from training.keras_file import read_keras
from training.peers import Fer
from training.run_file import Run, read_run

_LEAST = 1e-7


class _Predicts(Protocol):
    def predict(self, faces_gray: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True, eq=False)
class Network:
    """A network to be measured.

    Attributes:
        name: what it is called in a table.
        kind: ``int8``, ``float``, ``peer`` or ``ensemble``.
        probabilities: (N, 48, 48) uint8 → (N, 7), not calibrated.
        temperature: the released one; None where none is known.
        parameters, multiply_adds, size: None where the file does not tell; size in bytes.
        is_released: whether a card stands beside it.
        run: how it was trained; None where that is not known.
        file: None for an ensemble.
    """

    name: str
    kind: str
    probabilities: _Predicts
    temperature: float | None = None
    parameters: int | None = None
    multiply_adds: int | None = None
    size: int | None = None
    is_released: bool = False
    run: Run | None = None
    file: Path | None = None

    def logits(self, faces_gray: np.ndarray) -> np.ndarray:
        """(N, 48, 48) uint8 → (N, 7) float32, whose softmax are the probabilities."""
        return np.log(np.maximum(self.probabilities.predict(faces_gray), _LEAST))


def load(path: Path) -> Network:
    """Loads a ``.tflite`` or ``.keras`` classifier; the latter on whatever backend Keras has.

    Raises:
        ModelError: for a file that is none.
    """
    if path.suffix == ".tflite":
        classifier = EmotionClassifier(path, temperature=1.0)
        card = classifier.card
        return Network(
            name=path.stem,
            kind="int8",
            probabilities=classifier,
            temperature=card.temperature if card else None,
            parameters=card.parameters if card else None,
            size=path.stat().st_size,
            is_released=card is not None,
            file=path,
        )
    if path.suffix != ".keras":
        raise ModelError(f"{path}: expected a network's file, .keras or .tflite, got another name")
    network = load_keras(path)
    return Network(
        name=path.absolute().parent.name if path.stem == "network" else path.stem,
        kind="float",
        probabilities=_Keras(network),
        parameters=network.count_params(),
        multiply_adds=multiply_adds(network),
        size=path.stat().st_size,
        run=read_run(path),
        file=path,
    )


def fer(path: Path) -> Network:
    """The quantized network of the package `fer`."""
    size = path.stat().st_size if path.exists() else None
    return Network("fer (package)", "peer", Fer(path), size=size, file=path)


def ensemble(members: Sequence[Network]) -> Network:
    """The mean of the probabilities of several networks."""

    def total(key: str) -> int | None:
        values = [getattr(member, key) for member in members]
        return None if None in values else sum(values)

    return Network(
        name=" + ".join(member.name for member in members),
        kind="ensemble",
        probabilities=_Mean([member.probabilities for member in members]),
        parameters=total("parameters"),
        multiply_adds=total("multiply_adds"),
        size=total("size"),
    )


def unique_name(network: Network, taken: Container[str]) -> str:
    """Its name, with its seed or a number where another has the name already."""
    name = network.name
    if name in taken and network.run is not None:
        name = f"{name}, seed {network.run.recipe['seed']}"
    number = 2
    while name in taken:
        name, number = f"{network.name} ({number})", number + 1
    return name


def load_keras(path: Path) -> keras.Model:
    """Loads a trained emotion network.

    Raises:
        ModelError: for a file that is none.
    """
    network = read_keras(path)
    shapes = getattr(network, "input_shape", None), getattr(network, "output_shape", None)
    if shapes != ((None, FACE_SIZE, FACE_SIZE, 1), (None, len(EMOTIONS))):
        raise ModelError(
            f"{path}: expected an emotion network that takes faces ({FACE_SIZE}, {FACE_SIZE}, 1) "
            f"and gives {len(EMOTIONS)} logits, got {shapes[0]} and {shapes[1]}"
        )
    return network


def in_float32(network: Any) -> Any:
    """The same network computing in float32, whatever it was trained in."""

    def clone(layer: Any) -> Any:
        return layer.__class__.from_config({**layer.get_config(), "dtype": "float32"})

    result = keras.models.clone_model(network, clone_function=clone)
    result.set_weights(network.get_weights())
    return result


class _Keras:
    def __init__(self, network: keras.Model) -> None:
        self._network = in_float32(network)

    def predict(self, faces_gray: np.ndarray) -> np.ndarray:
        pixels = faces_gray[..., None].astype(np.float32)
        return softmax(np.asarray(self._network.predict(pixels, batch_size=256, verbose=0)))


class _Mean:
    def __init__(self, members: Sequence[_Predicts]) -> None:
        self._members = members

    def predict(self, faces_gray: np.ndarray) -> np.ndarray:
        return np.mean([member.predict(faces_gray) for member in self._members], axis=0)
