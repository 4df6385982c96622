"""The command line: ``python -m training``."""

import argparse
import itertools
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

_FER2013 = "FER-2013: a zip file, its folder, fer2013.csv, or a packed file"


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
        description="Trains a network by a recipe and saves it as network.keras, with log.csv "
        "beside it. A run that was ended goes on where it was.",
    )
    _add_run(train)
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
    train.set_defaults(function=_train)

    distill = commands.add_parser(
        "distill",
        help="teach a small classifier what large ones answer",
        description="Trains a student by a recipe with distillation: it and its teachers see the "
        "same changed crops. Goes on where it was, as train does.",
    )
    _add_run(distill)
    distill.add_argument(
        "--teachers",
        metavar="FILE",
        type=Path,
        nargs="+",
        required=True,
        help="trained network.keras files, whose answers are averaged",
    )
    distill.set_defaults(function=_distill)

    everything = commands.add_parser(
        "all",
        help="train many recipes, several at a time, within a budget",
        description="Trains classifiers and their teachers first, several at a time on one "
        "device, into a folder for each, with what they say in terminal.txt. Given again, it goes "
        "on with what is not finished.",
    )
    everything.add_argument(
        "recipes",
        metavar="RECIPE",
        nargs="+",
        help="name of a recipe, with seeds where its own are not enough: emotion_student:1,2,3",
    )
    everything.add_argument("--data", metavar="PATH", type=Path, required=True, help=_FER2013)
    everything.add_argument(
        "--ferplus", metavar="FILE", type=Path, required=True, help="FER+'s votes"
    )
    everything.add_argument(
        "--out", metavar="FOLDER", type=Path, required=True, help="folder for all runs"
    )
    everything.add_argument(
        "--budget-minutes",
        metavar="N",
        type=float,
        default=25.0,
        help="after so long what runs is ended; the next call goes on (default: 25)",
    )
    everything.add_argument(
        "--at-once", metavar="N", type=int, default=3, help="trainings side by side (default: 3)"
    )
    everything.add_argument(
        "--epochs", metavar="N", type=int, help="in place of each recipe's number of epochs"
    )
    everything.add_argument(
        "--limit", metavar="N", type=int, help="use only N pictures, to try it out"
    )
    everything.set_defaults(function=_all)

    pack = commands.add_parser(
        "pack",
        help="put FER-2013 into one small file, for a GPU host",
        description="Writes splits of FER-2013 into one file, as lossless WebP: 52 MB for the "
        "splits that training needs. Every command takes it in place of FER-2013.",
    )
    pack.add_argument("--data", metavar="PATH", type=Path, required=True, help=_FER2013)
    pack.add_argument("--out", metavar="FILE", type=Path, required=True, help="the file to write")
    pack.add_argument(
        "--splits",
        nargs="+",
        choices=sorted(SPLITS),
        default=["training", "public_test"],
        help="which to pack (default: training public_test)",
    )
    pack.set_defaults(function=_pack)

    classifier = commands.add_parser(
        "evaluate",
        help="measure an emotion classifier",
        description="Runs a classifier over a split of FER-2013: accuracy with its 95 %% interval, "
        "precision, recall and F1 by emotion, calibration, accuracy by size of the face, and on "
        "FER+. A temperature that no card tells is fitted on PublicTest.",
    )
    classifier.add_argument(
        "--model",
        metavar="FILE",
        type=Path,
        nargs="+",
        help="a .tflite or .keras classifier (default: the released one); several, for example of "
        "three seeds, are measured in turn",
    )
    classifier.add_argument("--json", action="store_true", help="print JSON in place of a table")
    classifier.add_argument("--data", metavar="PATH", type=Path, required=True, help=_FER2013)
    classifier.add_argument(
        "--ferplus", metavar="FILE", type=Path, help="FER+'s votes, to measure on them as well"
    )
    classifier.add_argument(
        "--split",
        choices=sorted(SPLITS),
        default="public_test",
        help="which pictures; select on public_test, and open private_test once for a released "
        "network (default: public_test)",
    )
    classifier.add_argument(
        "--report", metavar="FILE", type=Path, help="write a page of Markdown with its picture"
    )
    classifier.set_defaults(function=_evaluate)

    compare = commands.add_parser(
        "compare",
        help="measure several classifiers in one run, and write docs/models.md",
        description="Measures .tflite and .keras classifiers, ensembles of them and the network "
        "of the package fer on the same pictures, and writes one page. PrivateTest is opened for "
        "networks with a card, and for others' only.",
    )
    compare.add_argument(
        "networks",
        metavar="FILE",
        type=Path,
        nargs="*",
        help="a .tflite or .keras classifier (default: the released one)",
    )
    compare.add_argument("--data", metavar="PATH", type=Path, required=True, help=_FER2013)
    compare.add_argument("--ferplus", metavar="FILE", type=Path, help="FER+'s votes")
    compare.add_argument(
        "--ensemble",
        metavar="FILE",
        type=Path,
        nargs="+",
        action="append",
        default=[],
        help="classifiers whose mean answer is measured, too; may be repeated",
    )
    compare.add_argument(
        "--fer",
        metavar="FILE",
        type=Path,
        help="emotion_model_quantized.tflite of the package fer (default: of the installed one)",
    )
    compare.add_argument(
        "--open-private",
        action="store_true",
        help="open PrivateTest for all networks that are given: once, when they are published",
    )
    compare.add_argument(
        "--limit", metavar="N", type=int, help="use only N pictures of a split, to try it out"
    )
    compare.add_argument(
        "--report",
        metavar="FILE",
        type=Path,
        default=Path("docs/models.md"),
        help="the page to write, with its picture (default: docs/models.md)",
    )
    compare.set_defaults(function=_compare)

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


def _add_run(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "recipe", metavar="RECIPE", help=f"a YAML file, or one of: {', '.join(recipes.names())}"
    )
    command.add_argument(
        "--data",
        metavar="PATH",
        type=Path,
        required=True,
        help="FER-2013 for a classifier (a zip file, its folder, fer2013.csv or a packed file), "
        "WIDER FACE for a detector (a zip file or its folder)",
    )
    command.add_argument(
        "--ferplus",
        metavar="FILE",
        type=Path,
        help="FER+'s votes, where the recipe gives them a weight: ferplus_votes.csv for Kaggle's "
        "copy, fer2013new.csv for fer2013.csv",
    )
    command.add_argument(
        "--out", metavar="FOLDER", type=Path, required=True, help="folder of this run"
    )
    command.add_argument(
        "--start",
        metavar="FILE",
        type=Path,
        help="a trained network.keras to begin with where the recipe says starts_from; for a "
        "detector also a released .tflite",
    )
    command.add_argument(
        "--limit",
        metavar="N",
        type=int,
        help="use only N pictures, to try a recipe out (default: all)",
    )
    command.add_argument(
        "--epochs", metavar="N", type=int, help="in place of the recipe's number of epochs"
    )
    command.add_argument("--seed", metavar="N", type=int, help="in place of the recipe's seed")


def _add_model(command: argparse.ArgumentParser, what: str) -> None:
    command.add_argument(
        "--model",
        metavar="FILE",
        type=Path,
        help=f"a .tflite {what} (default: the released one)",
    )
    command.add_argument("--json", action="store_true", help="print JSON in place of a table")


def _recipe(options: argparse.Namespace) -> recipes.Recipe:
    """The recipe, with what the command line changes in it."""
    recipe = recipes.load(options.recipe)
    for key, least in (("epochs", 1), ("seed", 0), ("limit", 1)):
        value = getattr(options, key)
        if value is not None and value < least:
            raise RecipeError(f"expected --{key} of at least {least}, got {value}")
    changes = {
        key: getattr(options, key)
        for key in ("epochs", "seed")
        if getattr(options, key) is not None
    }
    recipe = recipe.model_copy(update=changes)
    if (recipe.starts_from is None) != (options.start is None):
        wanted = f"the network of {recipe.starts_from}" if recipe.starts_from else "none"
        raise RecipeError(f"{options.recipe}: expected {wanted} with --start, got {options.start}")
    if isinstance(recipe, recipes.EmotionRecipe) and not options.data.exists():
        # Before Keras is loaded, which takes seconds.
        raise DatasetError(f"{options.data}: expected FER-2013, a file or a folder, got none")
    return recipe


def _train(options: argparse.Namespace) -> int:
    recipe = _recipe(options)
    given = {"data": options.data, "out": options.out, "start": options.start}
    given["limit"] = options.limit
    if isinstance(recipe, recipes.EmotionRecipe):
        from training.train import train

        if options.teacher is not None:
            raise RecipeError(f"{options.recipe}: expected no --teacher, it trains a classifier")
        name = Path(options.recipe).stem
        path = train(recipe, name=name, votes=options.ferplus, **given)
    else:
        from training.face_detector.train import train as train_detector

        if options.ferplus is not None:
            raise RecipeError("expected --ferplus for a classifier only, got it for a detector")
        path = train_detector(
            recipe, teacher=options.teacher, workers=max(1, options.workers), **given
        )
    print(f"The trained network is {path}.")
    return 0


def _distill(options: argparse.Namespace) -> int:
    recipe = _recipe(options)
    if not isinstance(recipe, recipes.EmotionRecipe):
        raise RecipeError(f"{options.recipe}: expected a classifier's recipe, got a detector's")
    from training.distill import distill

    path = distill(
        recipe,
        name=Path(options.recipe).stem,
        teachers=options.teachers,
        data=options.data,
        out=options.out,
        votes=options.ferplus,
        start=options.start,
        limit=options.limit,
    )
    print(f"The trained network is {path}.")
    return 0


def _all(options: argparse.Namespace) -> int:
    from training import plan

    if options.at_once < 1 or options.budget_minutes <= 0:
        raise RecipeError("expected --at-once of at least 1 and --budget-minutes above 0")
    queue = plan.jobs(options.recipes, options.out)
    given = ["--data", str(options.data), "--ferplus", str(options.ferplus)]
    for name in ("epochs", "limit"):
        if getattr(options, name) is not None:
            given += [f"--{name}", str(getattr(options, name))]
    state = plan.carry_out(
        queue, given, at_once=options.at_once, budget_seconds=60 * options.budget_minutes
    )
    for folder, how in state.items():
        print(f"{folder}: {how}")
    failed = [folder for folder, how in state.items() if how == "failed"]
    if failed:
        print(f"training: {failed[0]}/terminal.txt says why it failed", file=sys.stderr)
    return 1 if failed else 0


def _pack(options: argparse.Namespace) -> int:
    from training.fer2013_pack import pack

    size = pack(options.data, options.splits, options.out)
    print(f"{options.out}: {size / 1e6:.1f} MB")
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from edge_agent.model_card import RELEASED
    from training import classifier_page, fer2013, ferplus, networks
    from training.calibration import calibrate
    from training.evaluate import ClassifierReport, evaluate

    loaded = [
        networks.load(path) for path in options.model or [RELEASED / "emotion_classifier.tflite"]
    ]
    faces = fer2013.load(options.data, options.split)
    fits = any(network.temperature is None for network in loaded)
    public = faces
    if fits and options.split != "public_test":
        public = fer2013.load(options.data, "public_test")
    votes = options.ferplus and ferplus.read_votes(options.ferplus, faces.paths)
    reports: dict[str, ClassifierReport] = {}
    for network in loaded:
        calibrated = calibrate(network, public)
        reports[networks.unique_name(network, reports)] = evaluate(calibrated, faces, votes)
    if options.json:
        summaries = {name: report.summary() for name, report in reports.items()}
        one = next(iter(summaries.values())) if len(summaries) == 1 else summaries
        print(json.dumps(one, indent=2))
    else:
        print(classifier_page.tables(reports))
    if options.report is not None:
        logs = {
            name: network.file.with_name("log.csv")
            for name, network in zip(reports, loaded, strict=True)
            if network.file is not None and network.run is not None
        }
        classifier_page.write(
            reports,
            logs,
            split=options.split,
            command=_command_without_folders(),
            file=options.report,
        )
        print(f"wrote {options.report}", file=sys.stderr)
    return 0


def _compare(options: argparse.Namespace) -> int:
    from edge_agent.model_card import RELEASED
    from training import fer2013, models_page, networks
    from training.compare import compare
    from training.peers import installed_fer

    given = options.networks or [RELEASED / "emotion_classifier.tflite"]
    paths = {path: networks.load(path) for path in [*given, *itertools.chain(*options.ensemble)]}
    measured = [paths[path] for path in given]
    measured += [networks.ensemble([paths[path] for path in some]) for some in options.ensemble]
    peer = options.fer or installed_fer()
    if peer is not None:
        measured.append(networks.fer(peer))
    opens = options.open_private or any(
        network.is_released or network.kind == "peer" for network in measured
    )
    compared = compare(
        measured,
        fer2013.load(options.data, "public_test").some(options.limit),
        fer2013.load(options.data, "private_test").some(options.limit) if opens else None,
        options.ferplus,
        open_private=options.open_private,
    )
    models_page.write(compared, command=_command_without_folders(), file=options.report)
    print(f"wrote {options.report}")
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
