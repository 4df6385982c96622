"""Several networks on the same pictures in the same run: what ``docs/models.md`` shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, cross_val_predict
from tqdm import tqdm

from training import ferplus, near_duplicates, steadiness
from training.calibration import Calibrated, calibrate
from training.evaluate import ClassifierReport, evaluate
from training.fer2013 import FaceSet
from training.networks import Network
from training.statistics import Difference, Share
from training.steadiness import OtherFaces, Steadiness

LABELS, TAGGERS = "FER-2013's labels", "FER+, 8 emotions"
SEVEN, AGREED = "FER+, 7 emotions", "both agree"
"""Whose view of a picture is asked for."""
_FOLDS: Final = 10


@dataclass(frozen=True)
class NewFaces:
    """What is right of the pictures that are copies of learned ones, and of the others.

    Attributes:
        same_label: of the pictures of PublicTest whose photograph the training split holds, those
            with the label that it has there.
        copies: right by FER-2013's labels, of the same.
        public: by what is asked for, where it does not.
        private: the same of PrivateTest, where neither the training split nor PublicTest holds
            the photograph; None where it was not opened.
    """

    same_label: Share
    copies: Share
    public: dict[str, Share]
    private: dict[str, Share] | None


@dataclass(frozen=True, eq=False)
class Compared:
    """A network and what was measured.

    Attributes:
        public: on PublicTest.
        private: right on PrivateTest, for what is released and for others' networks only.
        mapped: by `LABELS` and `TAGGERS`, right on PublicTest after a linear map of the logits.
        readout: right by FER+'s majority among 8 on PrivateTest, after such a map.
        new_faces: on the pictures alone that it cannot remember.
        steady: on faces of other cameras, where there are some.
        differences: from the first network, on PublicTest and on those, by what is asked for; none
            for itself.
    """

    network: Network
    temperature: float
    public: ClassifierReport
    private: ClassifierReport | None
    mapped: dict[str, Share]
    readout: Share | None
    new_faces: NewFaces
    steady: Steadiness | None
    differences: dict[str, Difference]


def compare(
    networks: Sequence[Network],
    training: FaceSet,
    public: FaceSet,
    private: FaceSet | None = None,
    votes: Path | None = None,
    others: OtherFaces | None = None,
    *,
    open_private: bool = False,
) -> list[Compared]:
    """Measures each network.

    Args:
        networks: to measure, ensembles too.
        training, public, private: the splits; of the first, only which pictures it holds.
        votes: FER+'s file.
        others: faces of other cameras, for how steady the answers are.
        open_private: open PrivateTest for networks that are not released, too.
    """
    seen = {
        id(faces): ferplus.read_votes(votes, faces.paths)
        for faces in (public, private)
        if faces is not None and votes is not None
    }
    originals = near_duplicates.find(public.faces_gray, training.faces_gray)
    is_copy = originals >= 0
    same_label = Share.of(training.labels[originals[is_copy]] == public.labels[is_copy])
    if private is not None:
        private_is_new = near_duplicates.are_new(private, training, public)
    result = []
    first: dict[str, np.ndarray] = {}
    for network in tqdm(networks, desc="measuring", unit="network"):
        calibrated = calibrate(network, public)
        opened = open_private or network.is_released or network.kind == "peer"
        measured = [
            evaluate(calibrated, faces, seen.get(id(faces))) if faces is not None else None
            for faces in (public, private if opened else None)
        ]
        assert measured[0] is not None
        readout = None
        if votes is not None and private is not None and opened:
            readout = _readout(calibrated, public, private, seen[id(public)], seen[id(private)])
        public_answers = calibrated.predict(public.faces_gray).argmax(axis=1)
        right = _right(public_answers, public, seen.get(id(public)))
        right_new = _right(public_answers, public, seen.get(id(public)), ~is_copy)
        new_private = None
        if private is not None and opened:
            answers = calibrated.predict(private.faces_gray).argmax(axis=1)
            new_private = _right(answers, private, seen.get(id(private)), private_is_new)
        new_faces = NewFaces(
            same_label=same_label,
            copies=Share.of(right[LABELS][is_copy]),
            public=_shares(right_new),
            private=None if new_private is None else _shares(new_private),
        )
        right["new faces"] = right_new[LABELS]
        mapped = _mapped(calibrated, public, seen.get(id(public)))
        right |= {f"{view}, mapped": known for view, known in mapped.items()}
        steady = steadiness.measure(calibrated, others) if others is not None else None
        if steady is not None:
            right |= {"the same mirrored": steady.mirrored, "the same moved": steady.moved}
        differences = {asked: Difference.of(first[asked], right[asked]) for asked in first}
        first = first or right
        result.append(
            Compared(
                network=network,
                temperature=calibrated.temperature,
                public=measured[0],
                private=measured[1],
                mapped={view: Share.of(known) for view, known in mapped.items()},
                readout=readout,
                new_faces=new_faces,
                steady=steady,
                differences=differences,
            )
        )
    return result


def _right(
    answers: np.ndarray,
    faces: FaceSet,
    votes: np.ndarray | None,
    asked: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """By what is asked for, of all pictures or those that are asked: whether they are right."""
    if asked is None:
        asked = np.ones(len(answers), bool)
    right = {LABELS: (answers == faces.labels)[asked]}
    if votes is not None:
        majority = ferplus.majority(votes)
        known = (majority >= 0) & (majority != ferplus.CONTEMPT)
        agreed = majority == faces.labels
        right[SEVEN] = (answers == majority)[known & asked]
        right[AGREED] = (answers == majority)[agreed & asked]
    return right


def _shares(right: dict[str, np.ndarray]) -> dict[str, Share]:
    return {asked: Share.of(known) for asked, known in right.items()}


def _mapped(
    classifier: Calibrated, faces: FaceSet, votes: np.ndarray | None
) -> dict[str, np.ndarray]:
    """By view, (N,) bool: whether the logits, through a linear map, give the right answer.

    The map is fitted without the tenth of the pictures that it is asked about.
    """
    views = {LABELS: faces.labels}
    if votes is not None:
        views[TAGGERS] = ferplus.majority(votes)
    logits = classifier.network.logits(faces.faces_gray)
    return {view: _is_told(logits[true >= 0], true[true >= 0]) for view, true in views.items()}


def _is_told(logits: np.ndarray, true: np.ndarray) -> np.ndarray:
    folds = KFold(min(_FOLDS, len(true)), shuffle=True, random_state=0)
    is_told: np.ndarray = cross_val_predict(_borders(), logits, true, cv=folds) == true
    return is_told


def _borders() -> LogisticRegression:
    # FER+'s taggers draw the borders between the emotions elsewhere than FER-2013's labels do; a
    # network that learned one is asked for the other through some dozen numbers, and no picture
    # more.
    return LogisticRegression(max_iter=1000)


def _readout(
    classifier: Calibrated,
    public: FaceSet,
    private: FaceSet,
    public_votes: np.ndarray,
    private_votes: np.ndarray,
) -> Share:
    learn, judge = ferplus.majority(public_votes), ferplus.majority(private_votes)
    borders = _borders()
    borders.fit(classifier.network.logits(public.faces_gray)[learn >= 0], learn[learn >= 0])
    answers = borders.predict(classifier.network.logits(private.faces_gray)[judge >= 0])
    return Share.of(answers == judge[judge >= 0])
