"""Makes a released network of a trained one: int8, measured, with its card."""

import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
from sklearn.metrics import confusion_matrix

from converter import calibration
from converter.card import card_of, text_of
from converter.convert import ConversionError, convert, frozen, load_network, to_int8
from converter.measure import measure_detector
from converter.precision import Precision
from edge_agent.emotion_classifier import EmotionClassifier
from edge_agent.emotions import EMOTIONS
from edge_agent.preprocess import Letterbox
from training import fer2013, ferplus, near_duplicates, wider_face
from training.evaluate import evaluate, fit_temperature
from training.provenance import learned_by, sources, training_command
from training.recipe import EmotionRecipe, load
from training.run_file import read_run

CALIBRATION_PICTURES: Final = 200
CALIBRATION_SEED: Final = 0
DETECTOR_SIZE_HW: Final = (640, 640)


def release(
    recipe_name: str,
    *,
    network: Path,
    data: Path,
    out: Path,
    command: str,
    name: str | None = None,
    votes: Path | None = None,
    video: Path | None = None,
    truth: Path | None = None,
    demographics: Path | None = None,
    calibration_list: Path = calibration.PINNED,
    converted: Path | None = None,
) -> Path:
    """Converts, measures, and writes ``<name>.tflite`` and ``<name>.json``.

    Nothing appears under its final name before it is whole.

    Args:
        recipe_name: the recipe that the network was trained by.
        network: the trained ``.keras`` file.
        data: what the recipe was trained on.
        out: folder of the released networks.
        command: what was typed, for the card.
        name: of the two files; None for the task's, which the agent takes by itself.
        votes: for a classifier, FER+'s, to measure on as well. One that learned from them alone
            has its temperature, and the errors that its card tells, from their majorities.
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
    name = name or recipe.task
    if not name.isidentifier():
        raise ConversionError(f"expected a --name of letters, digits and _, got {name!r}")
    if votes is not None and not isinstance(recipe, EmotionRecipe):
        raise ConversionError("expected --ferplus for a classifier only, got it for a detector")
    model = out / f"{name}.tflite"
    partial = out / f".{name}.tflite"
    out.mkdir(parents=True, exist_ok=True)
    try:
        if isinstance(recipe, EmotionRecipe):
            figures = _classifier(
                recipe, network, data, partial, calibration_list, converted, votes
            )
        else:
            figures = _detector(network, data, partial)
            if "demographics" in sources(recipe_name):
                figures |= _with_demographics(figures)
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
        how = f"{training_command(recipe_name, data, seed=seed)} && {command}"
        recipe = recipe.model_copy(update={"seed": seed})
        card = card_of(
            recipe,
            partial,
            name=name,
            parameters=load_network(network).count_params(),
            command=how,
            **figures,
        )
        card_partial = partial.with_suffix(".card")
        card_partial.write_text(text_of(card))
        # The old pair never stands half replaced for longer than between these two lines.
        partial.replace(model)
        card_partial.replace(model.with_suffix(".json"))
    finally:
        partial.unlink(missing_ok=True)
        partial.with_suffix(".card").unlink(missing_ok=True)
    return model


def _classifier(
    recipe: EmotionRecipe,
    network: Path,
    data: Path,
    partial: Path,
    calibration_list: Path,
    converted: Path | None,
    votes: Path | None,
) -> dict[str, Any]:
    learned = [load(part) for part in recipe.average_of] or [recipe]
    shares = sorted({one.ferplus_weight for one in learned if isinstance(one, EmotionRecipe)})
    asks_taggers = shares[0] == 1
    if asks_taggers and votes is None:
        raise ConversionError(
            "expected --ferplus, FER+'s votes: this network learned to answer as the taggers, got "
            "none"
        )
    load_network(network)  # before the data: what is no network is told at once
    training = fer2013.load(data, "training")
    faces = calibration.faces(training, calibration_list)
    partial.write_bytes(converted.read_bytes() if converted else to_int8(network, faces))

    public = fer2013.load(data, "public_test")
    answers = np.log(EmotionClassifier(partial).predict(public.faces_gray))
    true = public.labels
    if asks_taggers and votes is not None:
        true = ferplus.majority(ferplus.read_votes(votes, public.paths))
    known = (true >= 0) & (true < len(EMOTIONS))
    temperature = fit_temperature(answers[known], true[known])
    is_new = near_duplicates.are_new(public, training)
    # Opened here and nowhere else, once for each release.
    private = fer2013.load(data, "private_test")
    classifier = EmotionClassifier(partial, temperature=temperature)
    splits = {
        "fer2013_public_test": public,
        "fer2013_private_test": private,
        "fer2013_public_test_new_faces": public.chosen(np.flatnonzero(is_new)),
        "fer2013_private_test_new_faces": near_duplicates.new_faces(private, training, public),
    }
    if asks_taggers and votes is not None:
        # Of a network that answers as the taggers, the page about the figures tells their view.
        splits["fer2013_private_test_new_faces_by_taggers"] = ferplus.labelled_by_taggers(
            splits["fer2013_private_test_new_faces"], votes
        )
    told = " to ".join(f"{share:.0%}" for share in {shares[0]: 0, shares[-1]: 0})
    taggers = f", FER+'s votes for {told} of each answer" if shares[-1] else ""
    others = any(
        one.distillation and one.distillation.unlabelled_pixels for one in learned_by(recipe)
    )
    wider_terms = ", WIDER FACE for non-commercial research" if others else ""
    unlabelled = "; faces of WIDER FACE's training pictures, without labels" if others else ""
    return {
        "temperature": temperature,
        "labels": EMOTIONS,
        "data": f"FER-2013 training split, 28,709 faces{taggers}{unlabelled}; calibrated on "
        f"{len(faces)} of them ({calibration_list.name}); recipe and temperature chosen "
        "on PublicTest; new faces are those of which no split before theirs holds a copy",
        "terms": f"FER-2013 is for research use{wider_terms}; these weights are Apache-2.0",
        "measured": {
            split: evaluate(
                classifier,
                pictures,
                None if votes is None else ferplus.read_votes(votes, pictures.paths),
            ).summary()
            for split, pictures in splits.items()
            if pictures.paths
        },
        "confusion": _confusion(answers[known & is_new], true[known & is_new])
        if asks_taggers
        else None,
        "input_meaning": "grey face pixels of edge_agent.preprocess.face_crops",
        "output_meaning": "logits in the order of labels, to be divided by the temperature",
    }


def _confusion(answers: np.ndarray, true: np.ndarray) -> list[list[int]]:
    labels = range(len(EMOTIONS))
    matrix: list[list[int]] = confusion_matrix(true, answers.argmax(axis=1), labels=labels).tolist()
    return matrix


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
        "output_meaning": "by stride: logits of class, objectness and frontality (where it "
        "is told), and boxes in cells",
    }


def _in_float(network: Path, folder: Path) -> Path:
    """A detector's float32 variant, written into a folder, to be measured beside int8."""
    path = folder / "face_detector_float32.tflite"
    with frozen(load_network(network), (*DETECTOR_SIZE_HW, 3), batch=1) as graph:
        path.write_bytes(convert(graph, Precision.FLOAT32, []))
    return path


def _with_demographics(figures: dict[str, Any]) -> dict[str, str]:
    """What a card says of data and terms where who is seen decided what was learned more often."""
    return {
        "data": f"{figures['data']}; widerface-demographics chose faces to be seen more often",
        "terms": "WIDER FACE is for non-commercial research, widerface-demographics is "
        "CC BY-NC 4.0; these weights are Apache-2.0",
    }
