"""Measures a detector as a device runs it, and chooses its threshold."""

from pathlib import Path
from typing import Any, Final

from converter.card import text_of
from edge_agent.errors import ModelError
from edge_agent.face_detector import FaceDetector
from training import wider_face
from training.face_detector import evaluate as detection
from training.face_detector import groups

_COUNTED_HEIGHT: Final = 24
"""Faces from this height on, in pixels, choose the detector's threshold."""


def measure_detector(
    model: Path,
    data: Path,
    *,
    video: Path | None,
    truth: Path | None,
    demographics: Path | None,
    in_float: Path | None = None,
) -> dict[str, Any]:
    """Chooses a detector's threshold on the validation pictures, and measures it there.

    Args:
        model: the ``.tflite`` file.
        data: WIDER FACE.
        video, truth: a video to measure on as well, and its true boxes.
        demographics: CSV of widerface-demographics: also measure who is found less.
        in_float: the same network in float32, to be measured on the same pictures.

    Returns:
        ``score_threshold`` and ``measured``, as the card has them.

    Raises:
        DatasetError, ModelError: one sentence each.
    """
    validation = wider_face.load(data, "validation")
    detector = FaceDetector(model, score_threshold=detection.LOWEST_SCORE)
    found = detection.detect_all(detector, validation)
    threshold = detection.threshold_for_count(
        found,
        [picture.boxes_xyxy for picture in validation],
        [picture.ignored for picture in validation],
        min_height=_COUNTED_HEIGHT,
    )
    measured = {
        "wider_face_validation_at_640": detection.evaluate(found, validation, threshold=threshold)
        | {
            "threshold": "chosen on these pictures for the number of faces of "
            f"{_COUNTED_HEIGHT} px and more: of those with nearly the least error a picture, the "
            "one least wrong on average"
        }
    }
    if in_float is not None:
        exact = FaceDetector(in_float, score_threshold=detection.LOWEST_SCORE)
        found_exactly = detection.detect_all(exact, validation)
        heights = detection.evaluate(found_exactly, validation, threshold=threshold)
        measured["wider_face_validation_at_640"]["average_precision_in_float32"] = {
            height: row["average_precision"] for height, row in heights["by_min_height"].items()
        }
    hits = groups.found_faces(found, validation, threshold=threshold)
    people = demographics and groups.read_demographics(demographics)
    measured["recall_by_group"] = groups.summary(
        groups.recall_by_group(hits, validation, people or None)
    )
    if video is not None and truth is not None:
        detector = FaceDetector(model, score_threshold=threshold)
        measured["trial_video"] = detection.evaluate_video(detector, video, truth)
    return {"score_threshold": threshold, "measured": measured}


def measure_released(
    folder: Path,
    data: Path,
    *,
    video: Path | None,
    truth: Path | None,
    demographics: Path | None,
    command: str,
) -> Path:
    """Chooses the released detector's threshold anew, and writes that into its card.

    A classifier is not measured again: PrivateTest is opened once for each release.

    Args:
        folder: of the released networks.
        data: WIDER FACE.
        video, truth: a video to measure on as well, and its true boxes.
        demographics: CSV of widerface-demographics: also measure who is found less.
        command: what was typed, for the card.

    Returns:
        The path of the network.

    Raises:
        DatasetError, ModelError: one sentence each.
    """
    model = folder / "face_detector.tflite"
    card = FaceDetector(model).card
    if card is None:
        raise ModelError(f"{model}: expected a released network with its card, got none")
    figures = measure_detector(model, data, video=video, truth=truth, demographics=demographics)
    # The float network is not here: what it reached stays, for it does not depend on a threshold.
    by_size = "wider_face_validation_at_640"
    exact = card.measured.get(by_size, {}).get("average_precision_in_float32")
    if exact is not None:
        figures["measured"][by_size]["average_precision_in_float32"] = exact
    training = card.command.split(" && python -m converter measure")[0]
    # Cards once said here how the threshold was chosen; now that stands with the figures.
    data_text = card.data.partition("; threshold chosen")[0]
    changes = {**figures, "data": data_text, "command": f"{training} && {command}"}
    changed = card.model_copy(update=changes)
    partial = model.with_suffix(".card")
    partial.write_text(text_of(changed))
    partial.replace(model.with_suffix(".json"))
    return model
