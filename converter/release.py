"""Makes a released network of a trained one: int8, measured, with its card."""

import json
import shlex
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np

from converter import calibration
from converter.convert import convert, frozen, load_network, to_int8
from converter.precision import Precision
from edge_agent.emotion_classifier import EmotionClassifier
from edge_agent.emotions import EMOTIONS
from edge_agent.errors import ModelError
from edge_agent.face_detector import FaceDetector
from edge_agent.model_card import ModelCard, TensorSpec, sha256
from edge_agent.preprocess import Letterbox
from edge_agent.tflite_model import TfliteModel
from training import fer2013, wider_face
from training.evaluate import evaluate, fit_temperature
from training.face_detector import evaluate as detection
from training.face_detector import groups
from training.recipe import DetectorRecipe, EmotionRecipe, Recipe, load
from training.run import read_run

CALIBRATION_PICTURES: Final = 200
CALIBRATION_SEED: Final = 0
DETECTOR_SIZE_HW: Final = (640, 640)
TEACHER: Final = "face_detection_yunet_2026may.onnx"
"""The file of OpenCV Zoo that teaches detectors, as a card names it."""
COUNTED_HEIGHT: Final = 24
"""Faces from this height on, in pixels, choose the detector's threshold."""


def release(
    recipe_name: str,
    *,
    network: Path,
    data: Path,
    out: Path,
    command: str,
    video: Path | None = None,
    truth: Path | None = None,
    demographics: Path | None = None,
    calibration_list: Path = calibration.PINNED,
    converted: Path | None = None,
) -> Path:
    """Converts, measures, and writes ``<task>.tflite`` and ``<task>.json``.

    Nothing appears under its final name before it is whole.

    Args:
        recipe_name: the recipe that the network was trained by.
        network: the trained ``.keras`` file.
        data: what the recipe was trained on.
        out: folder of the released networks.
        command: what was typed, for the card.
        video, truth: for a detector, a video to measure on and its true boxes.
        demographics: for a detector, who is seen in its pictures.
        calibration_list: for a classifier, the training pictures to calibrate on.
        converted: a classifier's int8 variant to release in place of converting again.

    Returns:
        The path of the network.

    Raises:
        CalibrationError, ConversionError, DatasetError, RecipeError, ModelError: one sentence each.
    """
    recipe = load(recipe_name)
    model = out / f"{recipe.task}.tflite"
    partial = out / f".{recipe.task}.tflite"
    out.mkdir(parents=True, exist_ok=True)
    try:
        if isinstance(recipe, EmotionRecipe):
            figures = _classifier(recipe, network, data, partial, calibration_list, converted)
        else:
            figures = _detector(network, data, partial)
            with tempfile.TemporaryDirectory() as folder:
                figures |= measure_detector(
                    partial,
                    data,
                    video=video,
                    truth=truth,
                    demographics=demographics,
                    in_float=_in_float(network, Path(folder)),
                )
        run = read_run(network)
        seed = run.recipe["seed"] if run is not None else recipe.seed
        how = " && ".join([*_training(recipe, Path(recipe_name).name, data, seed), command])
        recipe = recipe.model_copy(update={"seed": seed})
        card = _card(recipe, partial, network, command=how, **figures)
        card_partial = partial.with_suffix(".card")
        card_partial.write_text(_text(card))
        # The old pair never stands half replaced for longer than between these two lines.
        partial.replace(model)
        card_partial.replace(model.with_suffix(".json"))
    finally:
        partial.unlink(missing_ok=True)
        partial.with_suffix(".card").unlink(missing_ok=True)
    return model


def _training(recipe: Recipe, name: str, data: Path, seed: int | None = None) -> list[str]:
    """The commands that train by a recipe and those it needs before, in their order."""
    teachers: tuple[str, ...] = ()
    if isinstance(recipe, EmotionRecipe) and recipe.distillation is not None:
        teachers = recipe.distillation.teachers
    words = ["python", "-m", "training", "distill" if teachers else "train", name]
    words += ["--data", data.name, "--out", f"runs/{name}"]
    if isinstance(recipe, EmotionRecipe) and recipe.ferplus_weight > 0:
        words += ["--ferplus", "ferplus_votes.csv"]
    if isinstance(recipe, DetectorRecipe) and recipe.teacher_weight:
        words += ["--teacher", TEACHER]
    earlier: list[str] = []
    for teacher in teachers:
        earlier += _training(load(teacher), teacher, data)
    if teachers:
        words += ["--teachers", *(f"runs/{teacher}/network.keras" for teacher in teachers)]
    if recipe.starts_from is not None:
        words += ["--start", f"runs/{recipe.starts_from}/network.keras"]
        earlier += _training(load(recipe.starts_from), recipe.starts_from, data)
    if seed is not None and seed != recipe.seed:
        words += ["--seed", str(seed)]
    return [*earlier, shlex.join(words)]


def _classifier(
    recipe: EmotionRecipe,
    network: Path,
    data: Path,
    partial: Path,
    calibration_list: Path,
    converted: Path | None,
) -> dict[str, Any]:
    load_network(network)  # before the data: what is no network is told at once
    faces = calibration.faces(fer2013.load(data, "training"), calibration_list)
    partial.write_bytes(converted.read_bytes() if converted else to_int8(network, faces))

    public = fer2013.load(data, "public_test")
    classifier = EmotionClassifier(partial)
    temperature = fit_temperature(np.log(classifier.predict(public.faces_gray)), public.labels)
    # Opened here and nowhere else, once for each release.
    private = fer2013.load(data, "private_test")
    classifier = EmotionClassifier(partial, temperature=temperature)
    votes = f", FER+'s votes for {recipe.ferplus_weight:.0%} of each answer"
    return {
        "temperature": temperature,
        "labels": EMOTIONS,
        "data": f"FER-2013 training split, 28,709 faces{votes if recipe.ferplus_weight else ''}; "
        "calibrated on "
        f"{len(faces)} of them ({calibration_list.name}); recipe and temperature chosen "
        "on PublicTest",
        "terms": "FER-2013 is for research use; these weights are Apache-2.0",
        "measured": {
            "fer2013_public_test": evaluate(classifier, public).summary(),
            "fer2013_private_test": evaluate(classifier, private).summary(),
        },
        "input_meaning": "grey face pixels of edge_agent.preprocess.face_crops",
        "output_meaning": "logits in the order of labels, to be divided by the temperature",
    }


def _detector(network: Path, data: Path, partial: Path) -> dict[str, Any]:
    training = wider_face.load(data, "training")
    chosen = np.random.default_rng(CALIBRATION_SEED).permutation(len(training))
    letterbox = Letterbox(DETECTOR_SIZE_HW)
    pictures = [
        letterbox.fit(training[index].image_bgr)[0][0].copy()
        for index in chosen[:CALIBRATION_PICTURES]
    ]
    partial.write_bytes(to_int8(network, pictures))
    return {
        "labels": ("face",),
        "data": f"WIDER FACE, {len(training)} training pictures; calibrated on "
        f"{CALIBRATION_PICTURES} of them (seed {CALIBRATION_SEED})",
        "terms": "WIDER FACE is for non-commercial research; these weights are Apache-2.0",
        "input_meaning": "BGR pixels; the picture fitted into the upper left, the rest black",
        "output_meaning": "by stride: logits of class and objectness, and boxes in cells",
    }


def _in_float(network: Path, folder: Path) -> Path:
    """A detector's float32 variant, written into a folder, to be measured beside int8."""
    path = folder / "face_detector_float32.tflite"
    with frozen(load_network(network), (*DETECTOR_SIZE_HW, 3), batch=1) as graph:
        path.write_bytes(convert(graph, Precision.FLOAT32, []))
    return path


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
        min_height=COUNTED_HEIGHT,
    )
    measured = {
        "wider_face_validation_at_640": detection.evaluate(found, validation, threshold=threshold)
        | {
            "threshold": "chosen on these pictures, so that the number of faces of "
            f"{COUNTED_HEIGHT} px and more is the least wrong"
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
    partial.write_text(_text(changed))
    partial.replace(model.with_suffix(".json"))
    return model


def _text(card: ModelCard) -> str:
    return json.dumps(card.model_dump(mode="json"), indent=2) + "\n"


def _card(
    recipe: EmotionRecipe | DetectorRecipe,
    partial: Path,
    network: Path,
    *,
    input_meaning: str,
    output_meaning: str,
    command: str,
    **figures: Any,
) -> ModelCard:
    model = TfliteModel(partial)
    return ModelCard(
        task=recipe.task,
        file=f"{recipe.task}.tflite",
        sha256=sha256(partial),
        input=TensorSpec(
            name="pixels",
            shape=model.input_shape,
            dtype=model.input_dtype.name,
            meaning=input_meaning,
        ),
        outputs=tuple(
            TensorSpec(
                name=name,
                shape=tuple(int(side) for side in detail["shape"]),
                dtype=np.dtype(detail["dtype"]).name,
                meaning=output_meaning,
            )
            for name, detail in sorted(model.outputs.items())
        ),
        parameters=load_network(network).count_params(),
        seed=recipe.seed,
        command=command,
        **figures,
    )
