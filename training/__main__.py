"""The command line: ``python -m training``."""

import argparse
import json
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge_agent.errors import EdgeAgentError
from training import recipe as recipes
from training.fer2013 import SPLITS, DatasetError
from training.recipe import RecipeError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit code: 0, or 2 after one sentence on standard error."""
    # TensorFlow tells of every processor feature; set before anything imports it.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    options = parser().parse_args(arguments)
    try:
        return options.function(options)
    except (DatasetError, RecipeError, EdgeAgentError) as error:
        print(f"training: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("training: stopped; the same command goes on where it was", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """The parser, which a test compares with the README."""
    top = argparse.ArgumentParser(
        prog="python -m training",
        description="Trains and measures the face detector and the emotion classifiers. "
        "The networks run on the backend that $KERAS_BACKEND names: tensorflow, jax or torch.",
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    train = commands.add_parser(
        "train",
        help="train a network by a recipe",
        description="Trains a network by a recipe and saves it after each epoch as "
        "network.keras, with log.csv beside it. A run that was ended goes on where it was.",
    )
    train.add_argument(
        "recipe", metavar="RECIPE", help=f"a YAML file, or one of: {', '.join(recipes.names())}"
    )
    train.add_argument(
        "--data",
        metavar="PATH",
        type=Path,
        required=True,
        help="FER-2013 for a classifier, WIDER FACE for a detector: a zip file or its folder",
    )
    train.add_argument(
        "--out", metavar="FOLDER", type=Path, required=True, help="folder of this run"
    )
    train.add_argument(
        "--start",
        metavar="FILE",
        type=Path,
        help="a trained network.keras to begin with where the recipe says starts_from; for a "
        "detector also a released .tflite",
    )
    train.add_argument(
        "--teacher",
        metavar="FILE",
        type=Path,
        help="YuNet's ONNX file, for a detector's recipe that gives it a weight",
    )
    train.add_argument(
        "--workers",
        metavar="N",
        type=int,
        default=1,
        help="threads that make a detector's crops, and ask the teacher about them (default: 1)",
    )
    train.add_argument(
        "--limit",
        metavar="N",
        type=int,
        help="use only N pictures, to try a recipe out (default: all)",
    )
    train.add_argument(
        "--epochs", metavar="N", type=int, help="in place of the recipe's number of epochs"
    )
    train.set_defaults(function=_train)

    classifier = commands.add_parser(
        "evaluate",
        help="measure an emotion classifier",
        description="Runs a .tflite classifier, as the agent does, over a split of FER-2013: "
        "accuracy with its 95 %% interval, by emotion and by size of the face.",
    )
    _add_model(classifier, "classifier")
    classifier.add_argument(
        "--data", metavar="PATH", type=Path, required=True, help="FER-2013: a zip file or folder"
    )
    classifier.add_argument(
        "--split",
        choices=sorted(SPLITS),
        default="public_test",
        help="which pictures; select on public_test, and open private_test once for a released "
        "network (default: public_test)",
    )
    classifier.set_defaults(function=_evaluate)

    detector = commands.add_parser(
        "evaluate-detector",
        help="measure a face detector",
        description="Runs a .tflite detector, as the agent does, over the validation pictures "
        "of WIDER FACE, or over a video with true boxes.",
    )
    _add_model(detector, "detector")
    what = detector.add_mutually_exclusive_group(required=True)
    what.add_argument("--data", metavar="PATH", type=Path, help="WIDER FACE: a zip file or folder")
    what.add_argument("--video", metavar="FILE", type=Path, help="a video; needs --truth")
    detector.add_argument(
        "--truth",
        metavar="FILE",
        type=Path,
        help="the video's true boxes: a line of JSON a frame",
    )
    detector.add_argument(
        "--longer-side",
        metavar="PIXELS",
        type=int,
        nargs="+",
        default=[640],
        help="of a picture as the networks see it; with several, all are compared and the rest is "
        "said of the first (default: 640)",
    )
    detector.add_argument(
        "--yunet", metavar="FILE", type=Path, help="YuNet's ONNX file, to be measured beside it"
    )
    detector.add_argument(
        "--beside",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="another .tflite detector, to be measured beside it; may be repeated",
    )
    detector.add_argument(
        "--demographics",
        metavar="FILE",
        type=Path,
        help="CSV of widerface-demographics: also say who is found less",
    )
    detector.add_argument(
        "--report", metavar="FILE", type=Path, help="write a page of Markdown with its picture"
    )
    detector.add_argument(
        "--misses",
        metavar="FILE",
        type=Path,
        help="write a picture of the largest faces that were missed, outside of the repository",
    )
    detector.set_defaults(function=_evaluate_detector)
    return top


def _add_model(command: argparse.ArgumentParser, what: str) -> None:
    command.add_argument(
        "--model",
        metavar="FILE",
        type=Path,
        help=f"a .tflite {what} (default: the released one)",
    )
    command.add_argument("--json", action="store_true", help="print JSON in place of a table")


def _train(options: argparse.Namespace) -> int:
    recipe = recipes.load(options.recipe)
    if options.epochs is not None:
        if options.epochs < 1:
            raise RecipeError(f"expected --epochs of at least 1, got {options.epochs}")
        recipe = recipe.model_copy(update={"epochs": options.epochs})
    if (recipe.starts_from is None) != (options.start is None):
        wanted = f"the network of {recipe.starts_from}" if recipe.starts_from else "none"
        raise RecipeError(f"{options.recipe}: expected {wanted} with --start, got {options.start}")
    how = {name: getattr(options, name) for name in ("data", "out", "start", "limit")}
    if isinstance(recipe, recipes.EmotionRecipe):
        from training.train import train as train_classifier

        if options.teacher is not None:
            raise RecipeError(f"{options.recipe}: expected no --teacher, it trains a classifier")
        path = train_classifier(recipe, **how)
    else:
        from training.face_detector.train import train as train_detector

        path = train_detector(
            recipe, teacher=options.teacher, workers=max(1, options.workers), **how
        )
    print(f"The trained network is {path}.")
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from edge_agent.emotion_classifier import EmotionClassifier
    from training import fer2013
    from training.evaluate import evaluate

    classifier = EmotionClassifier(options.model)
    report = evaluate(classifier, fer2013.load(options.data, options.split))
    print(json.dumps(report.summary(), indent=2) if options.json else report.markdown())
    return 0


def _evaluate_detector(options: argparse.Namespace) -> int:
    from edge_agent.face_detector import FaceDetector
    from training import wider_face
    from training.face_detector import evaluate, groups, misses, report
    from training.face_detector.comparison import compare

    if options.video is not None:
        if options.truth is None:
            raise DatasetError("expected --truth with --video: the file with its true boxes")
        detector = FaceDetector(options.model)
        figures = evaluate.evaluate_video(detector, options.video, options.truth)
        print(json.dumps(figures, indent=2))
        return 0
    threshold = FaceDetector(options.model).score_threshold
    detectors = _detectors(options)
    demographics = options.demographics and groups.read_demographics(options.demographics)
    pictures = wider_face.load(options.data, "validation")
    measured = compare(detectors, pictures)
    found = next(iter(measured.values())).found
    hits = groups.found_faces(found, pictures, threshold=threshold)
    figures = evaluate.evaluate(found, pictures, threshold=threshold)
    print(json.dumps(figures, indent=2) if options.json else evaluate.markdown(figures))
    if options.misses is not None:
        number = misses.write(hits, pictures, options.misses)
        print(f"wrote {options.misses}: {number} faces that were missed", file=sys.stderr)
    if options.report is not None:
        recalls = groups.recall_by_group(hits, pictures, demographics)
        report.write(
            measured,
            recalls,
            threshold=threshold,
            longer_side=options.longer_side[0],
            pictures=len(pictures),
            command=_command_without_folders(),
            file=options.report,
        )
        print(f"wrote {options.report}", file=sys.stderr)
    return 0


def _detectors(options: argparse.Namespace) -> dict[str, Any]:
    """Name → detector, the one in question first."""
    from edge_agent.face_detector import FaceDetector
    from training.face_detector.evaluate import LOWEST_SCORE
    from training.face_detector.peers import YuNet

    found: dict[str, Any] = {}
    for side in options.longer_side:
        at = "" if len(options.longer_side) == 1 else f" at {side} px"
        given = {"score_threshold": LOWEST_SCORE, "longer_side": side}
        for model in (options.model, *options.beside):
            found[(model.name if model else "released") + at] = FaceDetector(model, **given)
        if options.yunet is not None:
            found["YuNet" + at] = YuNet(options.yunet, **given)
    return found


def _command_without_folders() -> str:
    """What was typed, as a document tells it: how, not where somebody keeps things."""
    words = [Path(word).name if "/" in word else word for word in sys.argv[1:]]
    return shlex.join(["python", "-m", "training", *words])


if __name__ == "__main__":
    sys.exit(main())
