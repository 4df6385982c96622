"""The detector's loss: BCE for class and objectness, EIoU for boxes.

EIoU after Zhang et al., "Focal and Efficient IOU Loss", 2021; weights as in YuNet.
"""

from typing import Any, Final

import numpy as np
from keras import ops

from edge_agent.face_detector import STRIDES
from training.face_detector.assignment import assign, cells

BOX_WEIGHT = 5.0
_FRONTALITY_WEIGHT: Final = 5.0
_LANDMARKS_HEIGHT: Final = 24.0
"""Faces from this height on, in pixels, have landmarks that tell how far they are turned."""


def flatten(outputs: dict[str, Any], name: str) -> Any:
    """(B, P, C) of the maps ``name_8``, ``name_16``, ``name_32``, in the order of `cells`."""
    maps = [outputs[f"{name}_{stride}"] for stride in STRIDES]
    return ops.concatenate(
        [ops.reshape(m, (ops.shape(m)[0], -1, m.shape[-1])) for m in maps], axis=1
    )


def decode(raw_boxes: Any, centres: np.ndarray, strides: np.ndarray) -> Any:
    """(B, P, 4) network output → (B, P, 4) boxes x1, y1, x2, y2 in pixels."""
    # PyTorch takes no operation that begins with an array of NumPy.
    steps = ops.convert_to_tensor(strides)[:, None]
    middle = ops.convert_to_tensor(centres) + raw_boxes[..., :2] * steps
    half = ops.exp(ops.clip(raw_boxes[..., 2:], -5.0, 6.0)) * steps / 2
    return ops.concatenate([middle - half, middle + half], axis=-1)


def eiou_loss(boxes_xyxy: Any, targets_xyxy: Any) -> Any:
    """(..., ) EIoU loss, 0 for equal boxes, of (..., 4) boxes with their targets."""
    low = ops.maximum(boxes_xyxy[..., :2], targets_xyxy[..., :2])
    high = ops.minimum(boxes_xyxy[..., 2:], targets_xyxy[..., 2:])
    shared = ops.prod(ops.maximum(high - low, 0.0), axis=-1)
    size, target_size = (b[..., 2:] - b[..., :2] for b in (boxes_xyxy, targets_xyxy))
    union = ops.prod(size, axis=-1) + ops.prod(target_size, axis=-1) - shared
    hull = ops.maximum(boxes_xyxy[..., 2:], targets_xyxy[..., 2:]) - ops.minimum(
        boxes_xyxy[..., :2], targets_xyxy[..., :2]
    )
    middle = (boxes_xyxy[..., :2] + boxes_xyxy[..., 2:]) / 2
    target_middle = (targets_xyxy[..., :2] + targets_xyxy[..., 2:]) / 2
    hull_squared = ops.square(hull) + 1e-6
    distance = ops.sum(ops.square(middle - target_middle), -1) / ops.sum(hull_squared, -1)
    shape = ops.sum(ops.square(size - target_size) / hull_squared, axis=-1)
    return 1.0 - shared / (union + 1e-6) + distance + shape


def detection_loss(
    outputs: dict[str, Any],
    faces: Any,
    ignored: Any,
    image_size_hw: tuple[int, int],
    *,
    answers: Any = None,
    teacher_weight: float = 0.0,
) -> Any:
    """The loss of a batch, a scalar.

    Args:
        outputs: the network's maps.
        faces: (B, G, 5) float32: box x1, y1, x2, y2 in pixels and a flag, 1 for a face and
            0 for padding.
        ignored: (B, P) float32, 1 for cells whose answer does not matter.
        image_size_hw: of the batch's pictures.
        answers: (B, P, 7) float32, as `training.face_detector.teacher.Teacher` gives them; None
            for no teacher.
        teacher_weight: of the distance from these answers.
    """
    centres, strides = cells(image_size_hw)
    class_logits = flatten(outputs, "class")[..., 0]
    objectness_logits = flatten(outputs, "objectness")[..., 0]
    boxes = decode(flatten(outputs, "box"), centres, strides)
    scores = ops.sqrt(ops.sigmoid(class_logits) * ops.sigmoid(objectness_logits))

    found = assign(
        faces[..., :4],
        faces[..., 4] > 0,
        ops.stop_gradient(boxes),
        ops.stop_gradient(scores),
        centres=centres,
        strides=strides,
    )
    positive = ops.stop_gradient(found.positive)
    overlap = ops.stop_gradient(found.overlap)
    target = ops.stop_gradient(found.target_xyxy)
    counted = 1.0 - ignored * (1.0 - positive)

    number = ops.maximum(ops.sum(positive), 1.0)
    objectness = ops.sum(_bce(objectness_logits, positive) * counted)
    class_ = ops.sum(_bce(class_logits, overlap) * positive)
    box = ops.sum(eiou_loss(boxes, target) * positive)
    loss = (objectness + class_ + BOX_WEIGHT * box) / number
    if answers is not None:
        told = ops.maximum(ignored, ops.stop_gradient(found.near_a_face))
        loss += teacher_weight * _teacher_loss(
            outputs, boxes, positive, told, answers, image_size_hw
        )
    return loss


def _teacher_loss(
    outputs: dict[str, Any],
    boxes: Any,
    positive: Any,
    told: Any,
    answers: Any,
    image_size_hw: tuple[int, int],
) -> Any:
    """How far a batch's answers are from a teacher's, a scalar.

    Every cell learns the teacher's objectness, but for those that answer for a true face, which
    the teacher may have overlooked, and those of places where no box tells of a face (`told` is 0),
    which it may have taken for one; its class and box where it sees a face, by as much as it does,
    and its frontality where the network tells that.
    """
    centres, strides = cells(image_size_hw)
    sure = answers[..., 1] * told
    number = ops.maximum(ops.sum(sure), 1.0)
    objectness = ops.sum(_bce(flatten(outputs, "objectness")[..., 0], ops.maximum(sure, positive)))
    class_ = ops.sum(_bce(flatten(outputs, "class")[..., 0], answers[..., 0]) * sure)
    faces = decode(answers[..., 2:6], centres, strides)
    box = ops.sum(eiou_loss(boxes, faces) * sure)
    loss = (objectness + class_ + BOX_WEIGHT * box) / number
    if f"frontality_{STRIDES[0]}" in outputs:
        # Landmarks of smaller faces are little more than a guess.
        tall = faces[..., 3] - faces[..., 1] >= _LANDMARKS_HEIGHT
        sure = sure * ops.cast(tall, sure.dtype)
        logits = flatten(outputs, "frontality")[..., 0]
        turned = ops.sum(_bce(logits, answers[..., 6]) * sure)
        loss += _FRONTALITY_WEIGHT * turned / ops.maximum(ops.sum(sure), 1.0)
    return loss


def _bce(logits: Any, targets: Any) -> Any:
    return ops.maximum(logits, 0.0) - logits * targets + ops.log1p(ops.exp(-ops.abs(logits)))
