"""Figures against cases worked out by hand."""

import numpy as np
import pytest

from edge_agent.face_detector import Faces
from training.evaluate import by_label, evaluate, fit_temperature, reliability
from training.face_detector.evaluate import match, threshold_for_count
from training.fer2013 import FaceSet
from training.ferplus import ANSWERS
from training.statistics import Difference, Share, wilson_interval


def _faces(*rows: tuple[float, float, float, float, float]) -> Faces:
    values = np.array(rows, np.float32).reshape(-1, 5)
    return Faces(values[:, :4], values[:, 4])


def test_average_precision_of_a_hit_a_miss_and_a_false_box() -> None:
    found = _faces((0, 0, 50, 50, 0.9), (200, 200, 250, 250, 0.8), (100, 0, 150, 50, 0.7))
    true = np.array([[0, 0, 50, 50], [100, 0, 150, 50], [300, 300, 350, 350]], np.float32)
    matches = match([found], [true], [np.zeros(3, bool)], min_height=24)
    assert matches.hits.tolist() == [True, False, True]
    # Recall 1/3 at precision 1, then 2/3 at precision 2/3.
    assert matches.average_precision() == pytest.approx(1 / 3 + 1 / 3 * 2 / 3)
    assert matches.at(0.75) == pytest.approx((1 / 3, 1 / 2))


def test_small_and_ignored_faces_are_neither_asked_for_nor_held_against_a_detector() -> None:
    found = _faces((0, 0, 10, 10, 0.9), (100, 0, 150, 50, 0.8), (200, 0, 212, 12, 0.7))
    true = np.array([[0, 0, 10, 10], [100, 0, 150, 50]], np.float32)
    matches = match([found], [true], [np.array([False, True])], min_height=24)
    assert (matches.total, len(matches.scores)) == (0, 0)


def test_a_face_is_found_once() -> None:
    found = _faces((0, 0, 50, 50, 0.9), (1, 0, 51, 50, 0.8))
    true = np.array([[0, 0, 50, 50]], np.float32)
    matches = match([found], [true], [np.zeros(1, bool)], min_height=24)
    assert matches.hits.tolist() == [True, False]


def test_the_threshold_for_counting_makes_the_numbers_least_wrong() -> None:
    far = (200.0, 200.0, 250.0, 250.0)
    first = _faces((0, 0, 50, 50, 0.905), (*far, 0.805), (100, 0, 150, 50, 0.705), (*far, 0.305))
    second = _faces((0, 0, 50, 50, 0.605), (*far, 0.505))
    true = [
        np.array([[0, 0, 50, 50], [100, 0, 150, 50], [300, 300, 350, 350]], np.float32),
        np.array([[0, 0, 50, 50]], np.float32),
    ]
    skip = [np.zeros(3, bool), np.zeros(1, bool)]
    assert threshold_for_count([first, second], true, skip, min_height=24) == 0.6
    # What nobody asks for counts neither way.
    skip[1][:] = True
    assert threshold_for_count([first, second], true, skip, min_height=24) == 0.7


def test_of_thresholds_that_count_about_as_well_the_one_right_on_average_is_taken() -> None:
    """Forty pictures: at 0.8 a face too few in 20, at 0.5 ten of these found and 11 false ones."""
    far = (200.0, 200.0, 250.0, 250.0)
    there = (0.0, 0.0, 50.0, 50.0)
    found = [_faces((*there, 0.905))] * 9
    found += [_faces((*there, 0.505))] * 10
    found += [_faces((*there, 0.905), (*far, 0.505))] * 11
    found += [_faces()] * 10
    true = [np.array([there], np.float32)] * 40
    skip = [np.zeros(1, bool)] * 40
    # 20 pictures are wrong by one too few, or 21 by one too many or too few.
    assert threshold_for_count(found, true, skip, min_height=24) == 0.5


def test_a_difference_is_counted_picture_by_picture_and_set_against_chance() -> None:
    before = np.array([True] * 10 + [False] * 10)
    after = np.array([True] * 9 + [False] + [True] * 8 + [False] * 2)
    # Of nine coins at most one falls on the other side: 2 (1 + 9) / 512.
    assert str(Difference.of(before, after)) == "+8 -1 (p = 0.04)"
    assert Difference.of(before, after).probability == pytest.approx(20 / 512)
    assert str(Difference(gained=1, lost=30)) == "+1 -30 (p < 0.01)"
    assert str(Difference.of(before, before)) == "+0 -0 (p = 1.00)"


def test_wilson_interval() -> None:
    # Newcombe, "Two-sided confidence intervals for the single proportion", 1998: 81 of 263.
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)


def test_temperature_undoes_a_scale() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(size=(5000, 7))
    powers = np.exp(logits)
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    labels = np.array([random.choice(7, p=row) for row in probabilities])
    assert fit_temperature(logits * 2, labels) == pytest.approx(2, rel=0.1)


def test_calibration_error() -> None:
    right = np.arange(100) < 70
    [only] = reliability(np.full(100, 0.9), right)
    assert (only.number, only.confidence, only.right) == (100, pytest.approx(0.9), 0.7)


def test_precision_recall_and_f1_by_label() -> None:
    labels, answers = np.array([0, 0, 0, 0, 1, 1]), np.array([0, 0, 0, 1, 0, 0])
    figures = by_label(labels, answers)
    assert figures["angry"].precision == pytest.approx(3 / 5)
    assert figures["angry"].recall == pytest.approx(3 / 4)
    assert figures["angry"].f1 == pytest.approx(2 * 3 / 9)
    assert figures["angry"].support == 4
    assert (figures["sad"].f1, figures["sad"].support) == (0, 0)


class _AlwaysHappy:
    def predict(self, faces_gray: np.ndarray) -> np.ndarray:
        return np.tile([0, 0, 0, 0.6, 0.2, 0.2, 0], (len(faces_gray), 1))


def test_contempt_is_never_right_among_eight_and_not_asked_for_among_seven() -> None:
    faces = FaceSet(np.zeros((4, 48, 48), np.uint8), np.array([3, 3, 0, 4]), ("a",) * 4)
    votes = np.zeros((4, len(ANSWERS)), np.float32)
    for row, answer in enumerate(("happiness", "contempt", "happiness", "unknown")):
        votes[row, ANSWERS.index(answer)] = 9
    report = evaluate(_AlwaysHappy(), faces, votes)
    assert report.right == Share(2, 4)
    assert (report.ferplus, report.ferplus_7) == (Share(2, 3), Share(2, 2))
    assert report.agreed == Share(1, 1)
    assert report.calibration_error == pytest.approx(0.1)
    assert "| 16 px | 50.0 % (15.0 to 85.0) |" in report.markdown()
