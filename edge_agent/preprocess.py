"""From a picture to what the networks see; training, evaluation and the agent share it."""

from typing import Final

import cv2
import numpy as np

FACE_SIZE: Final = 48
"""Side of a face crop in pixels."""
FACE_MARGIN: Final = 1.0
"""Side of the square that is cut out, relative to the longer side of the face's box.

FER-2013 faces fill their pictures from forehead to chin, as WIDER FACE boxes do."""


def face_crops(image_bgr: np.ndarray, boxes_xyxy: np.ndarray) -> np.ndarray:
    """Cuts faces out as squares, in grey.

    Args:
        image_bgr: (H, W, 3) uint8.
        boxes_xyxy: (N, 4) boxes in pixels; may reach beyond the picture, whose border
            pixels are then repeated.

    Returns:
        (N, 48, 48) uint8.
    """
    height, width = image_bgr.shape[:2]
    faces = np.empty((len(boxes_xyxy), FACE_SIZE, FACE_SIZE), np.uint8)
    for index, (left, top, side) in enumerate(_squares(boxes_xyxy).tolist()):
        right, bottom = left + side, top + side
        # A box far outside still yields a crop: the nearest pixels of the picture.
        inner_left, inner_right = min(max(left, 0), width - 1), min(max(right, 1), width)
        inner_top, inner_bottom = min(max(top, 0), height - 1), min(max(bottom, 1), height)
        face = cv2.cvtColor(
            image_bgr[inner_top:inner_bottom, inner_left:inner_right], cv2.COLOR_BGR2GRAY
        )
        above, below = max(0, inner_top - top), max(0, bottom - inner_bottom)
        before, after = max(0, inner_left - left), max(0, right - inner_right)
        if above or below or before or after:
            face = cv2.copyMakeBorder(face, above, below, before, after, cv2.BORDER_REPLICATE)
        # INTER_AREA keeps detail when shrinking; when enlarging it would make blocks.
        how = cv2.INTER_AREA if side > FACE_SIZE else cv2.INTER_LINEAR
        cv2.resize(face, (FACE_SIZE, FACE_SIZE), dst=faces[index], interpolation=how)
    return faces


def _squares(boxes_xyxy: np.ndarray) -> np.ndarray:
    """(N, 3) int: left, top and side of the square that is cut out around each box."""
    sides_wh = boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]
    sides = np.maximum(2, np.round(FACE_MARGIN * sides_wh.max(axis=1, keepdims=True)))
    left_top = np.round((boxes_xyxy[:, :2] + boxes_xyxy[:, 2:] - sides) / 2)
    return np.concatenate([left_top, sides], axis=1).astype(int)


class Letterbox:
    """Fits pictures of any size into a network's input, without distortion.

    The picture lies in the upper left corner; the rest stays black. The buffer is kept
    from call to call.

    Args:
        size_hw: height and width of the network's input.
    """

    def __init__(self, size_hw: tuple[int, int]) -> None:
        self._buffer = np.zeros((1, *size_hw, 3), np.uint8)
        self._filled = (0, 0)

    def fit(self, image_bgr: np.ndarray) -> tuple[np.ndarray, float]:
        """Returns the (1, h, w, 3) uint8 input and its scale: input pixels a picture pixel."""
        height, width = image_bgr.shape[:2]
        input_height, input_width = self._buffer.shape[1:3]
        scale = min(input_height / height, input_width / width)
        new = (max(1, round(height * scale)), max(1, round(width * scale)))
        if new != self._filled:
            self._buffer[:] = 0
            self._filled = new
        how = cv2.INTER_AREA if scale < 0.5 else cv2.INTER_LINEAR
        target = self._buffer[0, : new[0], : new[1]]
        if scale == 1.0:
            target[:] = image_bgr
        else:
            cv2.resize(image_bgr, (new[1], new[0]), dst=target, interpolation=how)
        return self._buffer, scale
