"""Decoys: what a detector takes for a face in its training pictures, where no box tells of one.

Hands, wheels and emblems are rare in crops of a random place, and crops around a face leave most of
them out; a detector learns them the better the more often it sees them (hard negatives, after Sung
and Poggio, "Example-based learning for view-based human face detection", 1998).
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from keras import ops
from tqdm import tqdm

from edge_agent.boxes import iou_matrix, non_maximum_suppression
from edge_agent.preprocess import Letterbox
from training.face_detector.assignment import cells
from training.face_detector.loss import decode, flatten
from training.wider_face import LabelledPicture

_LEAST_SCORE: Final = 0.2
_MOST_OVERLAP: Final = 0.1
"""IoU with a face from which on a box is that face, found badly."""
_NMS_IOU: Final = 0.45


def find_decoys(
    network: Any, pictures: Sequence[LabelledPicture], *, size: int
) -> list[np.ndarray]:
    """What a network finds in pictures and no box tells of, with a progress bar.

    Args:
        network: as `training.face_detector.network.face_detector` builds it.
        pictures: with all their faces, also those that are ignored.
        size: side in pixels of the square that a picture is fitted into.

    Returns:
        By picture, (D, 4) float32 boxes in its pixels, the surest first.
    """
    letterbox = Letterbox((size, size))
    centres, strides = cells((size, size))
    result = []
    for picture in tqdm(pictures, desc="decoys", unit="picture"):
        pixels, scale = letterbox.fit(picture.image_bgr)
        outputs = network.predict_on_batch(pixels)
        scores = ops.convert_to_numpy(
            ops.sqrt(
                ops.sigmoid(flatten(outputs, "class")) * ops.sigmoid(flatten(outputs, "objectness"))
            )
        )[0, :, 0]
        boxes = ops.convert_to_numpy(decode(flatten(outputs, "box"), centres, strides))[0]
        found = scores >= _LEAST_SCORE
        boxes, scores = boxes[found].astype(np.float32) / scale, scores[found]
        boxes = boxes[non_maximum_suppression(boxes, scores, iou_threshold=_NMS_IOU)]
        overlap = iou_matrix(boxes, picture.boxes_xyxy).max(axis=1, initial=0)
        result.append(boxes[overlap < _MOST_OVERLAP])
    return result
