"""Finds faces in a picture with the anchor-free int8 network."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from edge_agent.boxes import areas, non_maximum_suppression, soften, vote
from edge_agent.errors import ModelError
from edge_agent.model_card import ModelCard, model_path
from edge_agent.preprocess import Letterbox
from edge_agent.tflite_model import TfliteModel

STRIDES: Final = (8, 16, 32)
"""Cells of the three output maps, in input pixels."""
_FRONTALITY: Final = "frontality"
_NMS_IOU: Final = 0.65
"""Of two boxes that overlap more, the weaker goes; one that overlaps less is less believed."""
_VOTING_IOU: Final = 0.65
_LEAST_VOTE: Final = 0.25
"""Score below which a box is not moved, and neither moves nor lowers others: there may be thousands
of such boxes."""
_MAX_CANDIDATES: Final = 5000
"""As many as OpenCV's detector takes at the most; of each face there are several."""
_COPY: Final = 0.35
"""Width of the copy in which the large faces of a large picture are looked for, as a share."""
_OVERLAP: Final = (64.0, 128.0)
"""Sides in pixels, as a large picture's network sees them, between which a face is looked for in
the copy as well: larger ones there alone, smaller ones in the picture alone."""


@dataclass(frozen=True, eq=False)
class Faces:
    """Faces of one picture, best first.

    Attributes:
        boxes_xyxy: (N, 4) float32 in pixels of that picture, inside it.
        scores: (N,) float32, 0..1.
        frontality: (N,) float32, how much each is turned towards the camera: 1 for the nose midway
            between the eyes, 0 for a profile. None when the network does not tell.
    """

    boxes_xyxy: np.ndarray
    scores: np.ndarray
    frontality: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, chosen: Any) -> "Faces":
        """Those chosen by an array of their indices, or of whether each is."""
        frontality = None if self.frontality is None else self.frontality[chosen]
        return Faces(self.boxes_xyxy[chosen], self.scores[chosen], frontality)

    def at(self, boxes_xyxy: np.ndarray) -> "Faces":
        """The same faces at other places."""
        return Faces(boxes_xyxy, self.scores, self.frontality)


class FaceDetector:
    """The released face detector, or another of the same kind.

    Args:
        model: a ``.tflite`` file, or the name of a released one; None is ``face_detector``.
        score_threshold: faces below it are dropped, 0..1; None takes the card's, which was
            chosen so that the number of people is right on average.
        longer_side: pixels of a picture's longer side as the network sees it, a multiple of 32:
            more find smaller faces, and cost more; None takes the network's own. With more than
            that, large faces exceed what it was trained for, and are looked for in a copy about
            a third as wide, which has an eighth of the pixels.
        num_threads: threads that one call may use.

    Attributes:
        score_threshold: the one in force.
        released_threshold: the card's.
        longer_side: pixels of a picture's longer side as the network sees it.

    Raises:
        ModelError: when the network does not fit.
    """

    def __init__(
        self,
        model: Path | str | None = None,
        *,
        score_threshold: float | None = None,
        longer_side: int | None = None,
        num_threads: int = 1,
    ) -> None:
        path = model_path(model, "face_detector")
        self._model = TfliteModel(path, num_threads=num_threads)
        own_side = max(_require_detector(self._model)[1:3])
        self.longer_side = longer_side or own_side
        card = self._model.card
        self.released_threshold = (card.score_threshold if card else None) or 0.5
        if score_threshold is None:
            score_threshold = self.released_threshold
        self.score_threshold = score_threshold
        if self.longer_side <= own_side:
            self._scales = [_Scale(self._model, self.longer_side, score_threshold)]
        else:
            # A network of its own: to give one another shape takes longer than to run it.
            copy = TfliteModel(path, num_threads=num_threads)
            least, most = _OVERLAP
            self._scales = [
                _Scale(self._model, self.longer_side, score_threshold, sides=(0, most)),
                _Scale(
                    *(copy, round(self.longer_side * _COPY), score_threshold),
                    sides=(least * _COPY, np.inf),
                ),
            ]

    @property
    def sha256(self) -> str:
        """The SHA-256 of the network."""
        return self._model.sha256

    @property
    def path(self) -> Path:
        """The network's file."""
        return self._model.path

    @property
    def card(self) -> ModelCard | None:
        """The card beside it; None where there is none."""
        return self._model.card

    def detect(self, image_bgr: np.ndarray) -> Faces:
        """Finds the faces of a picture.

        Args:
            image_bgr: (H, W, 3) uint8, of any size.

        Raises:
            ValueError: for an array that is not such a picture.
            ModelError: when the network cannot be given this picture's shape.
        """
        if image_bgr.ndim != 3 or image_bgr.shape[2] != 3 or image_bgr.dtype != np.uint8:
            raise ValueError(
                f"expected a picture (H, W, 3) of uint8, got {image_bgr.shape} of {image_bgr.dtype}"
            )
        found = _together([scale.find(image_bgr) for scale in self._scales])
        if len(found) > _MAX_CANDIDATES:
            found = found[np.argpartition(-found.scores, _MAX_CANDIDATES)[:_MAX_CANDIDATES]]
        height, width = image_bgr.shape[:2]
        boxes = np.clip(found.boxes_xyxy, 0, [width, height, width, height]).astype(np.float32)
        # What lay wholly beside the picture has no area left.
        found = found.at(boxes)[areas(boxes) > 0]
        kept = found[
            non_maximum_suppression(found.boxes_xyxy, found.scores, iou_threshold=_NMS_IOU)
        ]
        boxes = kept.boxes_xyxy.copy()
        moved, voters = kept.scores >= _LEAST_VOTE, found[found.scores >= _LEAST_VOTE]
        boxes[moved] = vote(
            *(boxes[moved], voters.boxes_xyxy, voters.scores), iou_threshold=_VOTING_IOU
        )
        scores = soften(boxes, kept.scores, least=_LEAST_VOTE)
        order = np.argsort(-scores, kind="stable")
        order = order[scores[order] >= self.score_threshold]
        return Faces(boxes, scores, kept.frontality)[order]


def decode_boxes(raw: np.ndarray, cells_xy: np.ndarray, stride: int) -> np.ndarray:
    """(N, 4) raw boxes of the cells (N, 2) → (N, 4) float32 boxes in input pixels.

    Raw is the centre's offset from the cell's centre and the logarithm of width and
    height, all in cells.
    """
    centres = (cells_xy + 0.5 + raw[:, :2]) * stride
    half = np.exp(raw[:, 2:]) * (stride / 2)
    return np.concatenate([centres - half, centres + half], axis=1).astype(np.float32)


def _together(found: list[Faces]) -> Faces:
    """The faces of several searches with the same network."""
    turned = [faces.frontality for faces in found if faces.frontality is not None]
    return Faces(
        np.concatenate([faces.boxes_xyxy for faces in found]),
        np.concatenate([faces.scores for faces in found]),
        np.concatenate(turned) if turned else None,
    )


class _Scale:
    """The network, and a picture at one size in it.

    Args:
        model: used by nobody else.
        longer_side: pixels of a picture's longer side, rounded up to whole cells.
        score_threshold: faces below it are dropped.
        sides: of the square as large as a face's box, in the network's pixels: smaller and larger
            faces are dropped.
    """

    def __init__(
        self,
        model: TfliteModel,
        longer_side: int,
        score_threshold: float,
        *,
        sides: tuple[float, float] = (0, np.inf),
    ) -> None:
        self._model = model
        self._longer_side = longer_side
        self._areas = np.square(sides)
        height, width = model.input_shape[1:3]
        self._letterbox = Letterbox((height, width))
        self._levels = [_Level(model, stride, score_threshold) for stride in STRIDES]

    def find(self, image_bgr: np.ndarray) -> Faces:
        """Every face several times, in any order, its box in pixels of the picture, not clipped."""
        self._shape_for(image_bgr)
        pixels, scale = self._letterbox.fit(image_bgr)
        self._model.invoke(pixels)
        found = _together([level.decode() for level in self._levels])
        least, most = self._areas
        if least > 0 or most < np.inf:
            size = areas(found.boxes_xyxy)
            found = found[(size >= least) & (size < most)]
        return found.at(found.boxes_xyxy / scale)

    def _shape_for(self, image_bgr: np.ndarray) -> None:
        """Spares the network the black border, which would be almost half of a wide picture."""
        height, width = image_bgr.shape[:2]
        unit = max(height, width) * STRIDES[-1]
        rows, columns = (-(-side * self._longer_side // unit) for side in (height, width))
        size_hw = (rows * STRIDES[-1], columns * STRIDES[-1])
        if size_hw != self._model.input_shape[1:3]:
            self._model.resize(size_hw)
            self._letterbox = Letterbox(size_hw)


class _Level:
    """The outputs of one stride."""

    def __init__(self, model: TfliteModel, stride: int, score_threshold: float) -> None:
        self._model = model
        self._stride = stride
        self._threshold_squared = np.float32(score_threshold**2)
        self._class, self._objectness, self._box, self._frontality = (
            f"{name}_{stride}" for name in ("class", "objectness", "box", _FRONTALITY)
        )
        self._is_turned_told = self._frontality in model.outputs
        self._tables = {
            name: self._sigmoid_table(name)
            for name in (self._class, self._objectness, self._frontality)
            if name in model.outputs
        }
        self._least_objectness = self._least_raw()

    def decode(self) -> Faces:
        """The cells above the threshold as faces, in any order, their boxes in input pixels."""
        objectness_raw = self._model.raw_output(self._objectness)
        columns_in_row = objectness_raw.shape[2]
        objectness_raw = objectness_raw.reshape(-1)
        # The other factor is at most 1: few cells are left after this one.
        cells = np.flatnonzero(objectness_raw >= self._least_objectness)
        if not len(cells):
            nothing = np.zeros(0, np.float32)
            return Faces(nothing.reshape(0, 4), nothing, nothing if self._is_turned_told else None)
        squared = _looked_up(objectness_raw[cells], self._tables[self._objectness])
        squared *= self._sigmoid_of(self._class, cells)
        enough = squared >= self._threshold_squared
        cells = cells[enough]
        raw = self._model.dequantize(
            self._box, self._model.raw_output(self._box).reshape(-1, 4)[cells]
        )
        rows, columns = np.divmod(cells, columns_in_row)
        boxes = decode_boxes(raw, np.stack([columns, rows], axis=1), self._stride)
        frontality = self._sigmoid_of(self._frontality, cells) if self._is_turned_told else None
        return Faces(boxes, np.sqrt(squared[enough]), frontality)

    def _sigmoid_of(self, name: str, cells: np.ndarray) -> np.ndarray:
        """(N,) float32 of N cells of an output with one channel."""
        return _looked_up(self._model.raw_output(name).reshape(-1)[cells], self._tables[name])

    def _sigmoid_table(self, name: str) -> np.ndarray | None:
        """The sigmoid of each of the 256 values an 8-bit output can take."""
        dtype = np.dtype(self._model.outputs[name]["dtype"])
        if dtype.itemsize != 1:
            return None
        return _sigmoid(self._model.dequantize(name, np.arange(256, dtype=np.uint8).view(dtype)))

    def _least_raw(self) -> float:
        """The least raw objectness with which a cell can reach the threshold."""
        table = self._tables[self._objectness]
        if table is None:
            squared = float(self._threshold_squared)
            return float(np.log(squared / (1 - squared))) if 0 < squared < 1 else -np.inf
        dtype = np.dtype(self._model.outputs[self._objectness]["dtype"])
        reaching = np.flatnonzero(table >= self._threshold_squared).astype(np.uint8).view(dtype)
        return float(reaching.min(initial=np.iinfo(dtype).max)) if len(reaching) else np.inf


def _looked_up(raw: np.ndarray, table: np.ndarray | None) -> np.ndarray:
    """The sigmoid of raw values, from their table where there is one."""
    return _sigmoid(raw) if table is None else table[raw.view(np.uint8)]


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return (0.5 * (1 + np.tanh(0.5 * x))).astype(np.float32)


def _require_detector(model: TfliteModel) -> tuple[int, ...]:
    if len(model.input_shape) == 4 and any(side % 32 for side in model.input_shape[1:3]):
        raise ModelError(
            f"{model.path}: expected a face detector with uint8 input 1×height×width×3, both sides "
            f"multiples of 32; got {model.input_dtype.name} input "
            f"{'×'.join(map(str, model.input_shape))}"
        )
    height, width = model.input_shape[1:3] if len(model.input_shape) == 4 else (0, 0)
    model.require(
        input_shape=(1, None, None, 3),
        outputs={
            f"{name}_{stride}": (1, height // stride, width // stride, channels)
            for stride in STRIDES
            for name, channels in (("class", 1), ("objectness", 1), ("box", 4))
        },
        optional={
            f"{_FRONTALITY}_{stride}": (1, height // stride, width // stride, 1)
            for stride in STRIDES
        },
        what="a face detector",
    )
    return model.input_shape
