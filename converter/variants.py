"""A network in several precisions and batches: writing them, and finding them again."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tqdm import tqdm

from converter.convert import ConversionError, convert, frozen, load_network
from converter.files import write_whole
from converter.precision import Precision
from edge_agent.emotions import EMOTIONS
from edge_agent.messages import Sha256, describe
from edge_agent.preprocess import FACE_SIZE
from training.costs import multiply_adds

_SUFFIX: Final = ".variants.json"
_FACE: Final = (FACE_SIZE, FACE_SIZE, 1)
_INPUT: Final = (None, *_FACE)
_OUTPUT: Final = (None, len(EMOTIONS))


class Variant(BaseModel):
    """One ``.tflite`` file; `batch` is the number of faces it takes at a time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    precision: Precision
    batch: int = Field(gt=0)
    sha256: Sha256
    size: int = Field(gt=0)


class Variants(BaseModel):
    """What ``<network>.variants.json`` holds.

    Attributes:
        network: its name: of its file, or of its folder where the file is ``network.keras``.
        source_sha256: of the ``.keras`` file.
        multiply_adds: for one face.
        calibration: name of the list of pictures.
        calibration_sha256: of that list.
        calibration_pictures: their number.
        made_with: name and version of what converted.
        command: what makes them again.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    network: str
    source_sha256: Sha256
    parameters: int
    multiply_adds: int
    calibration: str
    calibration_sha256: Sha256
    calibration_pictures: int
    made_with: str
    command: str
    variants: tuple[Variant, ...]


def network_name(path: Path) -> str:
    """What a network is called: ``runs/emotion_cnn/network.keras`` is ``emotion_cnn``."""
    return path.absolute().parent.name if path.stem == "network" else path.stem


def write_variants(
    path: Path,
    *,
    precisions: Sequence[Precision],
    batches: Sequence[int],
    faces: np.ndarray,
    calibration: Path,
    out: Path,
    command: str,
) -> Variants:
    """Converts a network to every precision and batch, and writes the list of them last.

    Args:
        path: a ``.keras`` file.
        precisions, batches: what to make; every pair.
        faces: for calibration, (N, 48, 48, 1) uint8.
        calibration: the list that they are from.
        out: folder for the files.
        command: what was typed.

    Raises:
        ConversionError: for what is no emotion classifier, or cannot be converted.
        ModelError: for what is no network.
        OutputError: when a file cannot be written.
    """
    import tensorflow as tf

    network = load_network(path)
    _require_classifier(network, path)
    name = network_name(path)
    made = []
    with tqdm(total=len(precisions) * len(batches), desc=name, unit="file") as progress:
        for batch in batches:
            with frozen(network, _FACE, batch=batch) as graph:
                for precision in precisions:
                    progress.set_postfix_str(f"{precision.value}, batch {batch}")
                    try:
                        content = convert(graph, precision, list(faces))
                    except ConversionError as error:
                        raise ConversionError(f"{path}: {error}") from error
                    file = f"{name}-{precision.value}-b{batch}.tflite"
                    write_whole(out / file, content)
                    made.append(
                        Variant(
                            file=file,
                            precision=precision,
                            batch=batch,
                            sha256=hashlib.sha256(content).hexdigest(),
                            size=len(content),
                        )
                    )
                    progress.update()
    result = Variants(
        network=name,
        source_sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        parameters=network.count_params(),
        multiply_adds=multiply_adds(network),
        calibration=calibration.name,
        calibration_sha256=hashlib.sha256(calibration.read_bytes()).hexdigest(),
        calibration_pictures=len(faces),
        made_with=f"tensorflow-{tf.__version__}",
        command=command,
        variants=tuple(made),
    )
    write_whole(out / f"{name}{_SUFFIX}", (result.model_dump_json(indent=2) + "\n").encode())
    return result


def read_variants(folder: Path) -> list[Variants]:
    """The networks that were converted into a folder, by name.

    Raises:
        ConversionError: when there are none, or a list or file is damaged.
    """
    lists = sorted(folder.glob(f"*{_SUFFIX}"))
    if not lists:
        raise ConversionError(
            f"{folder}: expected networks written by python -m converter convert, found none"
        )
    result = []
    for path in lists:
        try:
            variants = Variants.model_validate_json(path.read_bytes())
        except (ValidationError, OSError) as error:
            reason = describe(error) if isinstance(error, ValidationError) else error.strerror
            raise ConversionError(f"{path}: expected a list of variants, got: {reason}") from error
        for variant in variants.variants:
            _require_same(folder / variant.file, variant)
        result.append(variants)
    return result


def _require_classifier(network: Any, path: Path) -> None:
    came = network.input_shape, network.output_shape
    if came != (_INPUT, _OUTPUT):
        raise ConversionError(
            f"{path}: expected an emotion classifier, (48, 48, 1) pixels in and logits of "
            f"{', '.join(EMOTIONS)} out, got {_text(came[0])} in and {_text(came[1])} out; a "
            "detector is converted by python -m converter release"
        )


def _text(shape: Any) -> str:
    return str(tuple(shape[1:])) if isinstance(shape, tuple) else f"{len(shape)} tensors"


def _require_same(file: Path, variant: Variant) -> None:
    try:
        actual = hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise ConversionError(
            f"{file}: expected a network, got: {error.strerror}; convert again"
        ) from error
    if actual != variant.sha256:
        raise ConversionError(
            f"{file}: expected SHA-256 {variant.sha256[:16]}…, got {actual[:16]}…; convert again"
        )
