"""``python -m training evaluate``: how good emotion classifiers are."""

import argparse
import json
import sys
from pathlib import Path

from training.commands.options import FER2013, Commands, command_without_folders
from training.fer2013 import SPLITS


def add_to(commands: Commands) -> None:
    """Adds the command and its options."""
    parser = commands.add_parser(
        "evaluate",
        help="measure an emotion classifier",
        description="Runs a classifier over a split of FER-2013: accuracy with its 95 %% interval, "
        "precision, recall and F1 by emotion, calibration, accuracy by size of the face, and on "
        "FER+. A temperature that no card tells is fitted on PublicTest.",
    )
    parser.add_argument(
        "--model",
        metavar="FILE",
        type=Path,
        nargs="+",
        help="a .tflite or .keras classifier (default: the released one); several, for example of "
        "three seeds, are measured in turn",
    )
    parser.add_argument("--json", action="store_true", help="print JSON in place of a table")
    parser.add_argument("--data", metavar="PATH", type=Path, required=True, help=FER2013)
    parser.add_argument(
        "--ferplus", metavar="FILE", type=Path, help="FER+'s votes, to measure on them as well"
    )
    parser.add_argument(
        "--split",
        choices=sorted(SPLITS),
        default="public_test",
        help="which pictures; select on public_test, and open private_test once for a released "
        "network (default: public_test)",
    )
    parser.add_argument(
        "--new-faces",
        action="store_true",
        help="ask only for pictures of which neither the training split nor, for private_test, "
        "PublicTest holds a copy: what a network cannot remember",
    )
    parser.add_argument(
        "--report", metavar="FILE", type=Path, help="write a page of Markdown with its picture"
    )
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Measures and prints; returns 0."""
    from edge_agent.model_card import RELEASED
    from training import classifier_page, fer2013, ferplus, near_duplicates, networks
    from training.calibration import calibrate
    from training.evaluate import ClassifierReport, evaluate

    if options.new_faces and options.split == "training":
        raise fer2013.DatasetError(
            "expected --new-faces with --split public_test or private_test, got training, whose "
            "pictures are the learned ones"
        )
    loaded = [
        networks.load(path) for path in options.model or [RELEASED / "emotion_classifier.tflite"]
    ]
    faces = fer2013.load(options.data, options.split)
    fits = any(network.temperature is None for network in loaded)
    public = faces
    if fits and options.split != "public_test":
        public = fer2013.load(options.data, "public_test")
    if options.new_faces:
        learned = [fer2013.load(options.data, "training")]
        if options.split == "private_test":
            learned.append(fer2013.load(options.data, "public_test"))
        faces = near_duplicates.new_faces(faces, *learned)
        if not faces.paths:
            raise fer2013.DatasetError(
                f"{options.data}: expected a picture of {options.split} that is no copy of a "
                "learned one, got copies alone; leave out --new-faces"
            )
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
            new_faces=options.new_faces,
            command=command_without_folders("training", sys.argv[1:]),
            file=options.report,
        )
        print(f"wrote {options.report}", file=sys.stderr)
    return 0
