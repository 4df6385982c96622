"""How far a face is turned: by its landmarks, and how well a detector tells it without them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from edge_agent.boxes import iou_matrix
from edge_agent.face_detector import Faces

TURNED_AWAY: Final = 0.2
"""Below it, by landmarks, the nose is in front of an eye or nearly so."""
LEAST_FRONTALITY: Final = 0.2
"""A device classifies nobody below it, as the detector tells, unless it is configured otherwise.

It was chosen on the validation pictures, so that few are held back who are not turned away. That
it is `TURNED_AWAY` speaks for the released network: one less sure answers nearer to the mean."""
_SAME_FACE_IOU: Final = 0.5


def frontality(landmarks_xy: np.ndarray) -> np.ndarray:
    """How much faces are turned towards the camera: 1 where the nose is midway between the eyes.

    Args:
        landmarks_xy: (..., 5, 2) right eye, left eye, tip of the nose, corners of the mouth.

    Returns:
        (...) float32; 0 where the nose is in front of an eye or beyond it, as in a profile.
    """
    right_eye, left_eye, nose = (landmarks_xy[..., index, :] for index in range(3))
    across = left_eye - right_eye
    along = np.sum((nose - right_eye) * across, axis=-1)
    share = along / np.maximum(np.sum(across * across, axis=-1), 1e-6)
    return np.clip(1 - 2 * np.abs(share - 0.5), 0, 1).astype(np.float32)


@dataclass(frozen=True)
class Agreement:
    """How well a detector tells what another one's landmarks tell, on faces that both found.

    Attributes:
        faces: how many.
        correlation: Pearson's, of the two; NaN where one of them says the same of all.
        mean_absolute_difference: 0..1.
        turned_away: faces whose landmarks tell less than `TURNED_AWAY`.
        held_back: of those, the ones of which the detector tells less than `LEAST_FRONTALITY`.
        held_back_wrongly: of the others, the same.
    """

    faces: int
    correlation: float
    mean_absolute_difference: float
    turned_away: int
    held_back: int
    held_back_wrongly: int


def agreement(
    found: Sequence[Faces], by_landmarks: Sequence[Faces], *, threshold: float
) -> Agreement | None:
    """Compares two detectors' frontality on the same pictures.

    Args:
        found: by picture.
        by_landmarks: by picture, of a detector that finds landmarks.
        threshold: the score from which on a face counts, for both.

    Returns:
        None where one of them does not tell it.
    """
    ours, theirs = [], []
    for one, other in zip(found, by_landmarks, strict=True):
        if one.frontality is None or other.frontality is None:
            return None
        one, other = one[one.scores >= threshold], other[other.scores >= threshold]
        if len(one) and len(other):
            overlap = iou_matrix(one.boxes_xyxy, other.boxes_xyxy)
            same = overlap.max(axis=1) >= _SAME_FACE_IOU
            ours.append(one[same].frontality)
            theirs.append(other[overlap.argmax(axis=1)[same]].frontality)
    a, b = (np.concatenate([np.zeros(0), *values]) for values in (ours, theirs))
    away, back = b < TURNED_AWAY, a < LEAST_FRONTALITY
    varied = len(a) > 1 and a.std() > 0 and b.std() > 0
    return Agreement(
        faces=len(a),
        correlation=float(np.corrcoef(a, b)[0, 1]) if varied else float("nan"),
        mean_absolute_difference=float(np.abs(a - b).mean()) if len(a) else float("nan"),
        turned_away=int(away.sum()),
        held_back=int((away & back).sum()),
        held_back_wrongly=int((~away & back).sum()),
    )
