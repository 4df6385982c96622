"""On the processor of a Raspberry Pi, under QEMU: the same answers and the same counts.

Times mean nothing here and are not looked at.
"""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_agent.boxes import iou_matrix
from edge_agent.face_detector import FaceDetector
from edge_agent.preprocess import face_crops
from tests.arm64.answers import answers
from tests.arm64.machine import Machine
from tests.edge_agent.support import edge_agent, printed

pytestmark = [pytest.mark.arm64, pytest.mark.long]
LEAST_OVERLAP = 0.8
LARGEST_PROBABILITY_DIFFERENCE = 0.02
LARGEST_DIFFERENCE_OF_NOISE = 0.04
"""What is no face is answered without conviction, where a step of an 8-bit logit counts most."""
LARGEST_FRONTALITY_DIFFERENCE = 0.1


@pytest.fixture(scope="module")
def machine() -> Machine:
    return Machine()


def scenes(number: int) -> Iterator[np.ndarray]:
    """Pictures of the sample scene, half a second apart."""
    pytest.importorskip("skimage")
    pytest.importorskip("matplotlib")
    from edge_agent.sample_scene import sample_frames

    return (image for _, image in islice(sample_frames(2.0), number))


def test_the_networks_answer_the_same(machine: Machine, tmp_path: Path) -> None:
    pictures = list(scenes(6))
    detector = FaceDetector()
    crops = [face_crops(image, detector.detect(image).boxes_xyxy) for image in pictures]
    noise = np.random.default_rng(0).integers(0, 256, (20, 48, 48), np.uint8)
    shown = machine.root / "project" / "pictures.npz"
    np.savez(shown, scenes=np.stack(pictures), faces=np.concatenate([*crops, noise]))
    here = answers(shown)
    machine.python("-m", "tests.arm64.answers", "pictures.npz", "answers.npz")
    with np.load(machine.root / "project" / "answers.npz") as there:
        assert len(here["faces"]) == len(there["faces"])
        differences = np.abs(here["faces"] - there["faces"]).max(axis=0)
        overlap = np.diag(iou_matrix(here["faces"][:, 1:5], there["faces"][:, 1:5])).min()
        moved = np.abs(here["probabilities"] - there["probabilities"]).max(axis=(0, 2))
        emotions = (part["probabilities"].argmax(axis=2) for part in (here, there))
        same = np.equal(*emotions).all(axis=0)
    boxes, scores, frontality = differences[1:5].max(), differences[5], differences[6]
    of_faces, of_noise = (part.max() for part in np.split(moved, [len(moved) - len(noise)]))
    print(
        f"\nx86-64 against arm64, {len(here['faces'])} faces: boxes overlap by at least "
        f"{overlap:.3f} and differ by at most {boxes:.1f} px, scores by {scores:.4f}, "
        f"frontality by {frontality:.4f}, "
        f"probabilities by {of_faces:.4f}, those of noise by {of_noise:.4f}; "
        f"{same.mean():.1%} have the same emotion"
    )
    assert differences[0] == 0
    # One step of an 8-bit output is some pixels of a large face.
    assert overlap >= LEAST_OVERLAP
    assert frontality <= LARGEST_FRONTALITY_DIFFERENCE
    assert of_faces <= LARGEST_PROBABILITY_DIFFERENCE
    assert of_noise <= LARGEST_DIFFERENCE_OF_NOISE
    assert same[: len(same) - len(noise)].all()


def test_the_agent_counts_the_same(machine: Machine) -> None:
    project = machine.root / "project"
    # Lossless, so that both see the same pixels.
    video = cv2.VideoWriter(
        str(project / "lesson.avi"), cv2.VideoWriter_fourcc(*"FFV1"), 2.0, (1280, 720)
    )
    for image in scenes(24):
        video.write(image)
    video.release()
    here = edge_agent("run", "--print", "--fast", "--source", project / "lesson.avi").stdout
    there = machine.python(
        *("-m", "edge_agent", "run", "--print", "--fast", "--source", "lesson.avi")
    )
    assert numbers(there) == numbers(here)
    assert len(numbers(here)) == 3
    assert not any(window["suppressed"] for window in numbers(here))


def numbers(output: str) -> list[dict[str, object]]:
    """What was counted, window by window."""
    windows = [content for kind, content in printed(output) if kind == "counts"]
    names = ("seq", "frames", "faces", "counts", "uncertain", "suppressed")
    return [json.loads(json.dumps({name: window[name] for name in names})) for window in windows]
