"""Proves that nothing was lost: a network as trained against each of its converted forms."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from tqdm import tqdm

from converter.convert import ConversionError, load_network
from converter.judgements import Judgement, write_judgements
from converter.precision import Precision
from converter.variants import Variant, Variants, network_name
from edge_agent.emotion_classifier import EmotionClassifier, softmax
from edge_agent.model_card import sha256
from training.fer2013 import FaceSet
from training.statistics import wilson_interval


@dataclass(frozen=True)
class Bounds:
    """What a converted network must keep.

    Attributes:
        agreement: least share of faces with the same answer as in float.
        distance: largest mean distance of the probabilities (half the sum of the absolute
            differences, 0..1).
        loss: largest loss of accuracy, 0..1.
    """

    agreement: float
    distance: float
    loss: float


BOUNDS: Final = {
    Precision.FLOAT32: Bounds(0.999, 0.001, 0.003),
    Precision.FLOAT16: Bounds(0.995, 0.005, 0.003),
    Precision.DYNAMIC: Bounds(0.95, 0.03, 0.003),
    Precision.INT8: Bounds(0.95, 0.03, 0.003),
    Precision.INT16: Bounds(0.99, 0.01, 0.003),
    Precision.INT8_LITERT: Bounds(0.95, 0.03, 0.003),
}
"""What each precision is held to unless told otherwise."""


@dataclass(frozen=True)
class Verdict:
    """A converted network against the trained one, on the same faces.

    Attributes:
        agreement, distance: as in `Bounds`; `worst_distance` is that of the 1 % worst faces.
        accuracy, float_accuracy: 0..1.
        judgement: the first with its interval, for `benchmark`.
        failures: the bounds that were missed, one sentence each.
    """

    network: str
    precision: Precision
    batch: int
    agreement: float
    distance: float
    worst_distance: float
    judgement: Judgement
    float_accuracy: float
    failures: tuple[str, ...]

    @property
    def accuracy(self) -> float:
        return self.judgement.accuracy


def verify(
    path: Path, made: Variants, folder: Path, faces: FaceSet, bounds: dict[Precision, Bounds]
) -> list[Verdict]:
    """Compares every variant of a network with the network, and keeps the accuracies in `folder`.

    Args:
        path: the ``.keras`` file.
        made: its variants in `folder`.
        faces: PublicTest; never PrivateTest, which is for released networks.
        bounds: by precision.

    Raises:
        ConversionError: when the variants were made of another file.
        ModelError: when the file is no network.
        OutputError: when the accuracies cannot be written.
    """
    if sha256(path) != made.source_sha256:
        raise ConversionError(
            f"{path}: expected the network that {made.network} was converted from, SHA-256 "
            f"{made.source_sha256[:16]}…, got {sha256(path)[:16]}…; convert again"
        )
    trained = _probabilities(load_network(path), faces.faces_gray)
    verdicts = []
    progress = tqdm(made.variants, desc=f"{made.network}: verifying", unit="file")
    for variant in progress:
        progress.set_postfix_str(f"{variant.precision.value}, batch {variant.batch}")
        classifier = EmotionClassifier(folder / variant.file, temperature=1.0)
        answers = classifier.predict(faces.faces_gray)
        verdicts.append(
            _judge(made.network, variant, trained, answers, faces.labels, bounds[variant.precision])
        )
    write_judgements(folder, made.network, [verdict.judgement for verdict in verdicts])
    return verdicts


def _judge(
    network: str,
    variant: Variant,
    trained: np.ndarray,
    answers: np.ndarray,
    labels: np.ndarray,
    bounds: Bounds,
) -> Verdict:
    agreement = float((answers.argmax(axis=1) == trained.argmax(axis=1)).mean())
    distances = np.abs(answers - trained).sum(axis=1) / 2
    distance = float(distances.mean())
    right, before = (p.argmax(axis=1) == labels for p in (answers, trained))
    loss = float(before.mean() - right.mean())
    failures = []
    if agreement < bounds.agreement:
        failures.append(f"agreement {agreement:.2%} is below {bounds.agreement:.2%}")
    if distance > bounds.distance:
        failures.append(f"distance {distance:.4f} is above {bounds.distance:.4f}")
    if loss > bounds.loss:
        failures.append(f"accuracy fell by {100 * loss:.2f} points, above {100 * bounds.loss:.2f}")
    low, high = wilson_interval(int(right.sum()), len(right))
    return Verdict(
        network=network,
        precision=variant.precision,
        batch=variant.batch,
        agreement=agreement,
        distance=distance,
        worst_distance=float(np.percentile(distances, 99)),
        judgement=Judgement(
            sha256=variant.sha256,
            accuracy=float(right.mean()),
            low=low,
            high=high,
            pictures=len(right),
        ),
        float_accuracy=float(before.mean()),
        failures=tuple(failures),
    )


def markdown(verdicts: Sequence[Verdict]) -> str:
    """A table for people."""
    lines = [
        "| network | precision | batch | same answer | distance, mean (99 %) | right "
        "| lost, points | holds |",
        "|---|---|---:|---:|---:|---:|---:|---|",
    ]
    for verdict in verdicts:
        low, high = (
            f"{100 * bound:.1f}" for bound in (verdict.judgement.low, verdict.judgement.high)
        )
        lost = 100 * (verdict.float_accuracy - verdict.accuracy)
        lines.append(
            f"| {verdict.network} | {verdict.precision.value} | {verdict.batch} "
            f"| {verdict.agreement:.2%} | {verdict.distance:.4f} ({verdict.worst_distance:.4f}) "
            f"| {verdict.accuracy:.1%} ({low} to {high}) | {lost:+.2f} "
            f"| {'; '.join(verdict.failures) or 'yes'} |"
        )
    return "\n".join(lines)


def network_of(made: Variants, paths: Sequence[Path]) -> Path:
    """The trained file of a converted network.

    Raises:
        ConversionError: when it is not among those given.
    """
    for path in paths:
        if network_name(path) == made.network:
            return path
    raise ConversionError(
        f"{made.network}: expected its trained network among "
        f"{', '.join(map(str, paths))}; convert again, or name it, too"
    )


def _probabilities(network: Any, faces_gray: np.ndarray) -> np.ndarray:
    from training.networks import in_float32

    logits = in_float32(network).predict(
        faces_gray[..., None].astype(np.float32), batch_size=128, verbose=0
    )
    return softmax(np.asarray(logits))
