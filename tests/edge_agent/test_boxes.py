"""Intersection over union, suppression (hard and soft) and voting, against slow references."""

import numpy as np
import pytest

from edge_agent.boxes import areas, iou_matrix, non_maximum_suppression, soften, vote

UNIT = [0.0, 0.0, 10.0, 10.0]


def random_boxes(seed: int, number: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    corners = random.uniform(0, 60, (number, 2))
    boxes = np.concatenate([corners, corners + random.uniform(1, 30, (number, 2))], axis=1)
    # Few different scores, so that ties occur.
    return boxes.astype(np.float32), random.integers(1, 9, number).astype(np.float32) / 10


def slow_iou(a: np.ndarray, b: np.ndarray) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def slow_suppression(boxes: np.ndarray, scores: np.ndarray, threshold: float) -> list[int]:
    kept: list[int] = []
    for index in sorted(range(len(scores)), key=lambda i: (-scores[i], i)):
        if all(slow_iou(boxes[index], boxes[other]) <= threshold for other in kept):
            kept.append(index)
    return kept


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (UNIT, 1.0),
        ([5.0, 0.0, 15.0, 10.0], 1 / 3),
        ([0.0, 0.0, 5.0, 5.0], 0.25),
        ([10.0, 0.0, 20.0, 10.0], 0.0),
        ([50.0, 50.0, 60.0, 60.0], 0.0),
        ([5.0, 5.0, 5.0, 5.0], 0.0),
        ([9.0, 9.0, 1.0, 1.0], 0.0),
    ],
)
def test_iou_of_two_boxes(other: list[float], expected: float) -> None:
    iou = iou_matrix(np.array([UNIT]), np.array([other]))
    np.testing.assert_allclose(iou, [[expected]])
    np.testing.assert_allclose(iou_matrix(np.array([other]), np.array([UNIT])), iou.T)


def test_two_empty_boxes_do_not_overlap() -> None:
    assert iou_matrix(np.zeros((1, 4)), np.zeros((1, 4))).tolist() == [[0.0]]


def test_areas() -> None:
    assert areas(np.array([UNIT, [0, 0, 2, 3], [5, 5, 1, 1]])).tolist() == [100, 6, 0]


@pytest.mark.parametrize("seed", range(5))
def test_iou_is_that_of_a_plain_loop(seed: int) -> None:
    first, _ = random_boxes(seed, 12)
    second, _ = random_boxes(seed + 100, 9)
    expected = [[slow_iou(a, b) for b in second] for a in first]
    np.testing.assert_allclose(iou_matrix(first, second), expected, rtol=1e-4)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("threshold", [0.1, 0.45, 0.9])
def test_suppression_is_that_of_a_plain_loop(seed: int, threshold: float) -> None:
    boxes, scores = random_boxes(seed, 40)
    kept = non_maximum_suppression(boxes, scores, iou_threshold=threshold)
    assert kept.tolist() == slow_suppression(boxes, scores, threshold)


@pytest.mark.parametrize("number", [0, 1])
def test_suppression_of_few(number: int) -> None:
    boxes, scores = random_boxes(0, number)
    kept = non_maximum_suppression(boxes, scores, iou_threshold=0.5)
    assert kept.tolist() == list(range(number))


def test_a_box_moves_to_the_mean_of_those_around_it() -> None:
    boxes = np.array([UNIT, [0, 0, 10, 9], [2, 0, 12, 10], [40, 40, 50, 50]], np.float32)
    scores = np.array([0.8, 0.4, 0.4, 0.9], np.float32)
    moved = vote(boxes[[3, 0]], boxes, scores, iou_threshold=0.65)
    assert moved.dtype == np.float32
    # The one alone stays; of the others two count a quarter of the best.
    np.testing.assert_allclose(moved, [[40, 40, 50, 50], [1 / 3, 0, 31 / 3, 59 / 6]], rtol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_voting_is_that_of_a_plain_loop(seed: int) -> None:
    boxes, scores = random_boxes(seed, 40)
    kept = boxes[non_maximum_suppression(boxes, scores, iou_threshold=0.45)]
    expected = []
    for box in kept:
        counted = [i for i in range(len(boxes)) if slow_iou(box, boxes[i]) >= 0.5]
        weights = [float(scores[i]) ** 2 for i in counted]
        expected.append(sum(w * boxes[i] for w, i in zip(weights, counted, strict=True)))
        expected[-1] = expected[-1] / sum(weights)
    np.testing.assert_allclose(vote(kept, boxes, scores, iou_threshold=0.5), expected, rtol=1e-4)


def test_voting_where_there_is_nothing() -> None:
    nothing = np.zeros((0, 4), np.float32)
    assert vote(nothing, nothing, np.zeros(0, np.float32), iou_threshold=0.5).shape == (0, 4)


@pytest.mark.parametrize("seed", range(5))
def test_softening_is_that_of_a_plain_loop(seed: int) -> None:
    boxes, scores = random_boxes(seed, 30)
    order = np.argsort(-scores, kind="stable")
    boxes, scores = boxes[order], scores[order]

    def overlaps(index: int) -> list[float]:
        better = boxes[:index][scores[:index] >= np.float32(0.4)]
        return [slow_iou(boxes[index], box) for box in better]

    expected = [
        score * np.exp(-(max(overlaps(i), default=0.0) ** 2)) for i, score in enumerate(scores)
    ]
    softened = soften(boxes, scores, least=0.4)
    np.testing.assert_allclose(softened, expected, rtol=1e-5)
    assert softened.dtype == scores.dtype


def test_a_second_box_of_a_face_is_less_believed_and_another_face_as_before() -> None:
    boxes = np.array([UNIT, [0, 0, 10, 6], [40, 40, 50, 50]], np.float32)
    softened = soften(boxes, np.array([0.9, 0.8, 0.7], np.float32), least=0.25)
    assert softened[0] == np.float32(0.9) and softened[2] == np.float32(0.7)
    assert softened[1] == pytest.approx(0.8 * np.exp(-0.36))


def test_softening_where_there_is_nothing() -> None:
    nothing = np.zeros(0, np.float32)
    assert soften(nothing.reshape(0, 4), nothing, least=0.25).shape == (0,)
