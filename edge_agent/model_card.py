"""The card beside a released network: what it is, how it was made, how good it is."""

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_agent.emotions import EMOTIONS
from edge_agent.errors import ModelError
from edge_agent.messages import Sha256, describe

RELEASED = Path(__file__).parent / "models"


class TensorSpec(BaseModel):
    """A network's input or output."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    shape: tuple[int, ...]
    dtype: str
    meaning: str


class ModelCard(BaseModel):
    """What `<network>.json` holds.

    Attributes:
        temperature: the classifier's logits are divided by it, so that its probabilities
            are calibrated; fitted on PublicTest.
        score_threshold: the detector's released threshold, chosen on validation pictures.
        data: what it was trained, calibrated and selected on.
        command: what makes it again.
        confusion: of a classifier, on the pictures of PublicTest that are new to it, where it is
            not that of FER-2013's labels: row, what a face shows; column, the number or share of
            such faces by what was said.
        measured: figures by name, each with the pictures it was measured on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    task: Literal["face_detector", "emotion_classifier"]
    file: str
    sha256: Sha256
    labels: tuple[str, ...]
    input: TensorSpec
    outputs: tuple[TensorSpec, ...]
    temperature: Annotated[float, Field(gt=0)] | None = None
    score_threshold: Annotated[float, Field(gt=0, lt=1)] | None = None
    parameters: int
    data: str
    terms: str
    seed: int
    command: str
    confusion: tuple[tuple[float, ...], ...] | None = None
    measured: dict[str, Any]


def model_path(model: Path | str | None, usual: str) -> Path:
    """The file of a network: a path, the name of a released one, or None for the usual one."""
    path = Path(model or usual)
    if path.suffix or len(path.parts) > 1:
        return path
    return RELEASED / f"{path.name}.tflite"


def read_card(model: Path) -> ModelCard | None:
    """The card beside a network; None where there is none.

    Raises:
        ModelError: for a card that is no card, or that belongs to another file or label order.
    """
    path = model.with_suffix(".json")
    if not path.exists():
        return None
    try:
        card = ModelCard.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ModelError(f"{path}: not a model card: {describe(error)}") from error
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from error
    actual = sha256(model)
    if card.sha256 != actual:
        raise ModelError(
            f"{model}: expected SHA-256 {card.sha256[:16]}… by its card {path.name}, got "
            f"{actual[:16]}…; the network or its card was changed: install both again"
        )
    expected = EMOTIONS if card.task == "emotion_classifier" else ("face",)
    if card.labels != expected:
        raise ModelError(
            f"{path}: expected labels {', '.join(expected)}, got {', '.join(card.labels)}; "
            "train or convert the network with this order"
        )
    return card


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal.

    Raises:
        ModelError: when it cannot be read.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(
            f"{path}: expected a .tflite network, got: {error.strerror}; check the path in the "
            "configuration"
        ) from error
