"""``python -m training evaluate-detector``: how good a face detector is."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Final

from training.commands.options import Commands, command_without_folders
from training.fer2013 import DatasetError

YUNET: Final = "YuNet"
"""As the page names it."""


def add_to(commands: Commands) -> None:
    """Adds the command and its options."""
    parser = commands.add_parser(
        "evaluate-detector",
        help="measure a face detector",
        description="Runs a .tflite detector, as the agent does, over the validation pictures "
        "of WIDER FACE, or over a video with true boxes.",
    )
    parser.add_argument(
        "--model", metavar="FILE", type=Path, help="a .tflite detector (default: the released one)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON in place of a table")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--data", metavar="PATH", type=Path, help="WIDER FACE: a zip file or folder")
    what.add_argument("--video", metavar="FILE", type=Path, help="a video; needs --truth")
    parser.add_argument(
        "--truth",
        metavar="FILE",
        type=Path,
        help="the video's true boxes: a line of JSON a frame",
    )
    parser.add_argument(
        "--longer-side",
        metavar="PIXELS",
        type=int,
        nargs="+",
        default=[640],
        help="of a picture as the networks see it; with several, all are compared and the rest is "
        "said of the first (default: 640)",
    )
    parser.add_argument(
        "--yunet", metavar="FILE", type=Path, help="YuNet's ONNX file, to be measured beside it"
    )
    parser.add_argument(
        "--beside",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="another .tflite detector, to be measured beside it; may be repeated",
    )
    parser.add_argument(
        "--demographics",
        metavar="FILE",
        type=Path,
        help="CSV of widerface-demographics: also say who is found less",
    )
    parser.add_argument(
        "--report", metavar="FILE", type=Path, help="write a page of Markdown with its picture"
    )
    parser.add_argument(
        "--misses",
        metavar="FILE",
        type=Path,
        help="write a picture of the largest faces that were missed, outside of the repository",
    )
    parser.add_argument(
        "--false-boxes",
        metavar="FILE",
        type=Path,
        help="the same of what it is surest to be a face and is none",
    )
    parser.add_argument(
        "--learned",
        action="store_true",
        help="look at the pictures that it was trained on: what it does wrong there, it has not "
        "learned. Only to be read, for no figure of how good it is: not with --report",
    )
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Measures and prints; returns 0."""
    from edge_agent.face_detector import FaceDetector
    from training import wider_face
    from training.face_detector import evaluate, groups, report, sheet
    from training.face_detector.comparison import compare
    from training.face_detector.frontality import agreement
    from training.face_detector.remaining_gap import remaining_gaps

    if options.video is not None:
        if options.truth is None:
            raise DatasetError("expected --truth with --video: the file with its true boxes")
        detector = FaceDetector(options.model)
        figures = evaluate.evaluate_video(detector, options.video, options.truth)
        print(json.dumps(figures, indent=2))
        return 0
    if options.learned and options.report is not None:
        raise DatasetError(
            "--learned: expected no --report, which is of pictures that were not learned"
        )
    threshold = FaceDetector(options.model).score_threshold
    detectors = _detectors(options)
    demographics = options.demographics and groups.read_demographics(options.demographics)
    pictures = wider_face.load(options.data, "training" if options.learned else "validation")
    measured = compare(detectors, pictures)
    found = next(iter(measured.values())).found
    hits = groups.found_faces(found, pictures, threshold=threshold)
    figures = evaluate.evaluate(found, pictures, threshold=threshold)
    recalls = groups.recall_by_group(hits, pictures, demographics)
    remaining = {}
    if demographics:
        size = _at(options.longer_side[0], options)
        alike = {name: one.found for name, one in measured.items() if name.endswith(size)}
        remaining = remaining_gaps(alike, pictures, demographics, threshold=threshold)
    if options.json:
        print(json.dumps(figures | {"recall_by_group": groups.summary(recalls)}, indent=2))
    else:
        print(evaluate.markdown(figures), report.losses(measured), sep="\n\n")
        print(f"\n{report.by_group(recalls, remaining)}")
    if options.misses is not None:
        number = sheet.write(sheet.missed_faces(hits, pictures), options.misses)
        print(f"wrote {options.misses}: {number} faces that were missed", file=sys.stderr)
    if options.false_boxes is not None:
        number = sheet.write(sheet.boxes_on_nothing(found, pictures), options.false_boxes)
        print(f"wrote {options.false_boxes}: {number} boxes on nothing", file=sys.stderr)
    if options.report is not None:
        agreed = None
        if options.yunet is not None:
            by_landmarks = next(one for name, one in measured.items() if name.startswith(YUNET))
            agreed = agreement(found, by_landmarks.found, threshold=threshold)
        report.write(
            measured,
            recalls,
            agreed,
            remaining,
            threshold=threshold,
            longer_side=options.longer_side[0],
            pictures=len(pictures),
            command=command_without_folders("training", sys.argv[1:]),
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
        at = _at(side, options)
        given = {"score_threshold": LOWEST_SCORE, "longer_side": side}
        for model in (options.model, *options.beside):
            found[(model.name if model else "released") + at] = FaceDetector(model, **given)
        if options.yunet is not None:
            found[YUNET + at] = YuNet(options.yunet, **given)
    return found


def _at(side: int, options: argparse.Namespace) -> str:
    """How a detector's name ends for one of several sizes."""
    return "" if len(options.longer_side) == 1 else f" at {side} px"
