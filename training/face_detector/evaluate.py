"""Measures a face detector, as the agent runs it: AP by face height, and a video with boxes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import cv2
import numpy as np
from tqdm import tqdm

from edge_agent.boxes import iou_matrix
from edge_agent.face_detector import Faces
from training.fer2013 import DatasetError
from training.statistics import wilson_interval
from training.wider_face import LabelledPicture

HEIGHTS: Final = (48, 24, 12)
"""Heights in pixels from which faces are asked for."""
LOWEST_SCORE: Final = 0.02
"""Detections down to this score make a precision-recall curve."""
ON_NOTHING_IOU: Final = 0.1
"""With a face, below which a box is on nothing; above it, the box is one found badly."""
_IOU: Final = 0.5
_NEARLY_LEAST: Final = 1.05


class Detector(Protocol):
    """What can be measured: ours, or a peer."""

    def detect(self, image_bgr: np.ndarray) -> Faces:
        """Finds faces."""


@dataclass(frozen=True, eq=False)
class Matches:
    """Detections of many pictures against the true faces of at least some height.

    Attributes:
        scores: (D,) of the detections that count.
        hits: (D,) bool, those that found a face.
        on_nothing: (D,) bool, those that hardly overlap any face; the others that found none lie
            beside one, or are its second box.
        total: true faces.
    """

    scores: np.ndarray
    hits: np.ndarray
    on_nothing: np.ndarray
    total: int

    def average_precision(self) -> float:
        """Area under the precision-recall curve, all points, precision made monotonic."""
        order = np.argsort(-self.scores, kind="stable")
        found = np.cumsum(self.hits[order])
        precision = found / np.arange(1, len(order) + 1)
        recall = found / max(self.total, 1)
        best_from_here = np.maximum.accumulate(precision[::-1])[::-1]
        return float(np.sum(np.diff(recall, prepend=0.0) * best_from_here))

    def without(self, gone: np.ndarray) -> "Matches":
        """The same if some detections had not been made, (D,) bool."""
        kept = ~gone
        return Matches(self.scores[kept], self.hits[kept], self.on_nothing[kept], self.total)

    def at(self, threshold: float) -> tuple[float, float]:
        """Recall and precision of detections with at least this score, 0..1."""
        kept = self.scores >= threshold
        found = int(self.hits[kept].sum())
        return found / max(self.total, 1), found / max(int(kept.sum()), 1)


def detect_all(detector: Detector, pictures: Sequence[LabelledPicture]) -> list[Faces]:
    """Runs a detector over pictures, with a progress bar."""
    return [
        detector.detect(picture.image_bgr)
        for picture in tqdm(pictures, desc="detecting", unit="picture")
    ]


def match(
    found: Sequence[Faces],
    true_xyxy: Sequence[np.ndarray],
    ignored: Sequence[np.ndarray],
    *,
    min_height: float,
) -> Matches:
    """Compares detections with true boxes at IoU 0.5, the best detection first.

    Lower and ignored faces are neither asked for nor held against a detector: a detection
    on one, or one that is itself lower and finds nothing, does not count.

    Args:
        found: by picture.
        true_xyxy: (N, 4) by picture.
        ignored: (N,) bool by picture.
        min_height: in pixels.
    """
    scores, hits, on_nothing, total = [], [], [], 0
    for faces, boxes, skip in zip(found, true_xyxy, ignored, strict=True):
        asked = ~skip & (boxes[:, 3] - boxes[:, 1] >= min_height)
        total += int(asked.sum())
        overlap = iou_matrix(faces.boxes_xyxy, boxes)
        free = np.ones(len(boxes), bool)
        for index, row in enumerate(overlap):
            wanted = np.where(free & asked, row, 0)
            best = int(wanted.argmax()) if len(wanted) else -1
            if best >= 0 and wanted[best] >= _IOU:
                free[best] = False
                scores.append(faces.scores[index])
                hits.append(True)
                on_nothing.append(False)
                continue
            on_ignored = np.where(~asked, row, 0).max(initial=0) >= _IOU
            height = faces.boxes_xyxy[index, 3] - faces.boxes_xyxy[index, 1]
            if not on_ignored and height >= min_height:
                scores.append(faces.scores[index])
                hits.append(False)
                on_nothing.append(row.max(initial=0) < ON_NOTHING_IOU)
    return Matches(np.array(scores), np.array(hits, bool), np.array(on_nothing, bool), total)


def threshold_for_count(
    found: Sequence[Faces],
    true_xyxy: Sequence[np.ndarray],
    ignored: Sequence[np.ndarray],
    *,
    min_height: float,
) -> float:
    """The score, to two decimals, from which on the number of faces is least wrong on average.

    A lower score finds more faces and more that are none. The mean absolute error of a picture's
    number hardly changes over many scores; of those with which it is at most a twentieth above the
    least, the one is taken that counts the fewest too many or too few in all pictures together, of
    two that are as good the higher.

    Args:
        found, true_xyxy, ignored, min_height: as `match` takes them.
    """
    pictures = [
        match([faces], [boxes], [skip], min_height=min_height)
        for faces, boxes, skip in zip(found, true_xyxy, ignored, strict=True)
    ]
    thresholds = np.arange(0.95, 0.04, -0.01).round(2)
    errors = np.array(
        [
            [int((one.scores >= threshold).sum()) - one.total for one in pictures]
            for threshold in thresholds
        ]
    )
    absolute = np.abs(errors).sum(axis=1)
    good = absolute <= _NEARLY_LEAST * absolute.min()
    too_many = np.where(good, np.abs(errors.sum(axis=1)), np.iinfo(int).max)
    return float(thresholds[int(np.argmin(too_many))])


def evaluate(
    found: Sequence[Faces], pictures: Sequence[LabelledPicture], *, threshold: float
) -> dict[str, Any]:
    """AP@0.5 by face height, and recall and precision at a threshold.

    Args:
        found: detections down to a score well below the threshold, by picture.
        pictures: the pictures they were found in.
        threshold: the score from which on the agent counts.
    """
    result: dict[str, Any] = {"pictures": len(pictures), "by_min_height": {}}
    for height in HEIGHTS:
        matches = match(
            found,
            [p.boxes_xyxy for p in pictures],
            [p.ignored for p in pictures],
            min_height=height,
        )
        recall, precision = matches.at(threshold)
        hits = round(recall * matches.total)
        result["by_min_height"][str(height)] = {
            "faces": matches.total,
            "average_precision": round(matches.average_precision(), 4),
            "recall": round(recall, 4),
            "recall_interval_95": [round(b, 4) for b in wilson_interval(hits, matches.total)],
            "precision": round(precision, 4),
            "mean_count_error": round(
                (int((matches.scores >= threshold).sum()) - matches.total) / len(pictures), 3
            ),
        }
    return result


def markdown(figures: dict[str, Any]) -> str:
    """A table for people."""
    lines = [
        f"{figures['pictures']} pictures",
        "",
        "| faces of at least | number | AP@0.5 | recall | precision | too many a picture |",
        "|---|---|---|---|---|---|",
    ]
    for height, row in figures["by_min_height"].items():
        lines.append(
            f"| {height} px | {row['faces']} | {row['average_precision']:.3f} | "
            f"{row['recall']:.1%} | {row['precision']:.1%} | {row['mean_count_error']:+.2f} |"
        )
    return "\n".join(lines)


def evaluate_video(
    detector: Detector, video: Path, truth: Path, *, min_height: float = 24.0
) -> dict[str, Any]:
    """Recall, false boxes and the error of the count on a video with true boxes.

    Args:
        detector: at its released threshold.
        video: a video file.
        truth: JSON lines ``{"frame": 0, "scene": 0, "faces": [[id, x, y, w, h], …]}``.
        min_height: lower faces are not asked for, in pixels of the video.

    Raises:
        DatasetError: when the video or its truth cannot be read.
    """
    try:
        lines = [json.loads(line) for line in truth.read_text().splitlines()]
        boxes = [np.array([face[1:] for face in line["faces"]], np.float32) for line in lines]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{truth}: expected a line of JSON a frame, got: {error}") from error
    capture = cv2.VideoCapture(str(video))
    found: list[Faces] = []
    true_xyxy: list[np.ndarray] = []
    errors: list[int] = []
    for rows in tqdm(boxes, desc=video.name, unit="frame"):
        ok, image = capture.read()
        if not ok:
            raise DatasetError(f"{video}: expected {len(boxes)} frames, got {len(found)}")
        rows = rows.reshape(-1, 4)
        found.append(detector.detect(image))
        true_xyxy.append(np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:]], axis=1))
        tall = found[-1].boxes_xyxy[:, 3] - found[-1].boxes_xyxy[:, 1] >= min_height
        errors.append(int(tall.sum()) - int((rows[:, 3] >= min_height).sum()))
    ignored = [np.zeros(len(rows), bool) for rows in true_xyxy]
    matches = match(found, true_xyxy, ignored, min_height=min_height)
    recall, precision = matches.at(0.0)
    return {
        "frames": len(found),
        "faces": matches.total,
        "recall": round(recall, 4),
        "false_boxes": round(1 - precision, 4),
        "mean_absolute_count_error": round(float(np.mean(np.abs(errors))), 3),
        "mean_count_error": round(float(np.mean(errors)), 3),
    }
