"""What the released networks answer to given pictures; run on both kinds of processor.

``python -m tests.arm64.answers PICTURES.npz ANSWERS.npz``
"""

import sys
from pathlib import Path

import numpy as np

from edge_agent.emotion_classifier import EmotionClassifier
from edge_agent.face_detector import FaceDetector
from edge_agent.model_card import RELEASED


def answers(pictures: Path) -> dict[str, np.ndarray]:
    """What is seen: ``faces`` (F, 7), each a scene's index, a box, a score and a frontality;
    ``probabilities`` (C, N, 7) of every released classifier.

    Args:
        pictures: a file with ``scenes`` (S, H, W, 3) and ``faces`` (N, 48, 48), both uint8.
    """
    detector = FaceDetector()
    classifiers = [EmotionClassifier(path) for path in sorted(RELEASED.glob("emotion_*.tflite"))]
    with np.load(pictures) as given:
        found = [(index, detector.detect(scene)) for index, scene in enumerate(given["scenes"])]
        probabilities = np.stack([one.predict(given["faces"]) for one in classifiers])
    faces = np.concatenate(
        [
            np.column_stack(
                [np.full(len(seen), index), seen.boxes_xyxy, seen.scores, seen.frontality]
            )
            for index, seen in found
        ]
    )
    # From left to right: the best first would change places where two are as good.
    return {"faces": faces[np.lexsort((faces[:, 1], faces[:, 0]))], "probabilities": probabilities}


if __name__ == "__main__":
    np.savez(sys.argv[2], **answers(Path(sys.argv[1])))
