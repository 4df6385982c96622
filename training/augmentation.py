"""Random changes of face pictures, computed on the training device as a Keras layer.

They imitate what a classroom camera does to a face: a detector's box is shifted and of
another size, the face is small, badly lit, noisy, and partly covered.
"""

from typing import Any

import keras
from keras import ops

from training.camera import Camera


class FaceAugmentation(keras.layers.Layer):
    """Augments (B, 48, 48, 1) faces in 0..255 while training; passes them through otherwise.

    Args:
        seed: makes the sequence of changes repeatable.
        rotation_degrees: largest rotation.
        scale: largest relative change of size.
        shift: largest shift, as a share of the side.
        small_face_share: share of faces shrunk to one of `small_face_sizes` and back.
        small_face_sizes: sides in pixels of such faces.
        erase_share: share of faces with a grey rectangle on them.
        light: largest logarithm of the change of contrast, and of the gamma; brightness changes
            by up to a hundred grey levels times that.
        side_light: largest share by which one side is brighter than the middle.
        noise: largest standard deviation of noise on the enlarged face, in grey levels.
        camera: options of `Camera`; without any, no camera is imitated.
    """

    def __init__(
        self,
        *,
        seed: int,
        rotation_degrees: float = 12.0,
        scale: float = 0.15,
        shift: float = 0.08,
        small_face_share: float = 0.35,
        small_face_sizes: tuple[int, ...] = (16, 20, 24, 32),
        erase_share: float = 0.25,
        light: float = 0.4,
        side_light: float = 0.0,
        noise: float = 6.0,
        camera: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(dtype="float32", **kwargs)
        self.random = keras.random.SeedGenerator(seed)
        self.rotation = rotation_degrees * 3.14159265 / 180
        self.scale = scale
        self.shift = shift
        self.small_face_share = small_face_share
        self.small_face_sizes = small_face_sizes
        self.erase_share = erase_share
        self.light, self.side_light, self.noise = light, side_light, noise
        self.camera = Camera(seed=seed + 1, **camera) if camera is not None else None

    def build(self, faces_shape: Any) -> None:
        """Builds the camera, which Keras would otherwise warn of."""
        if self.camera is not None:
            self.camera.build(faces_shape)

    def call(self, faces: Any, training: bool = False) -> Any:
        faces = ops.cast(faces, "float32")
        if not training:
            return faces
        faces = self._place(faces)
        if self.small_face_share > 0:
            faces = self._shrink(faces)
        if self.side_light > 0:
            faces = self._light_from_a_side(faces)
        if self.camera is not None:
            faces = self.camera(faces)
        faces = self._erase(self._light(faces))
        return ops.clip(faces, 0.0, 255.0)

    def _uniform(self, faces: Any, low: float, high: float, *, columns: int = 1) -> Any:
        shape = (ops.shape(faces)[0], columns)
        return keras.random.uniform(shape, low, high, seed=self.random)

    def _place(self, faces: Any) -> Any:
        """Mirrors, rotates, scales and shifts around the centre."""
        side = faces.shape[1]
        centre = (side - 1) / 2
        angle = self._uniform(faces, -self.rotation, self.rotation)
        scale = ops.exp(self._uniform(faces, -self.scale, self.scale))
        stretch = ops.exp(self._uniform(faces, -self.scale / 2, self.scale / 2))
        mirror = ops.where(self._uniform(faces, 0, 1) < 0.5, -1.0, 1.0)
        shift = self._uniform(faces, -self.shift * side, self.shift * side, columns=2)
        a, b = ops.cos(angle) * scale * mirror, -ops.sin(angle) * scale * stretch
        c, d = ops.sin(angle) * scale * mirror, ops.cos(angle) * scale * stretch
        e = centre - a * centre - b * centre + shift[:, :1]
        f = centre - c * centre - d * centre + shift[:, 1:]
        return transformed(faces, ops.concatenate([a, b, e, c, d, f], axis=1))

    def _shrink(self, faces: Any) -> Any:
        """Takes detail away, as in a face that was only a few pixels wide."""
        side = faces.shape[1]
        which = self._uniform(faces, 0, 1)[:, :, None, None] / self.small_face_share
        result = faces
        for index, size in enumerate(self.small_face_sizes):
            small = ops.image.resize(faces, (size, size), antialias=True)
            small = ops.image.resize(small, (side, side), interpolation="bilinear")
            low = index / len(self.small_face_sizes)
            high = (index + 1) / len(self.small_face_sizes)
            result = ops.where(ops.logical_and(which >= low, which < high), small, result)
        return result

    def _light(self, faces: Any) -> Any:
        """Changes contrast and brightness, and adds sensor noise."""
        light = self.light
        contrast = ops.exp(self._uniform(faces, -light, light))[:, :, None, None]
        brightness = self._uniform(faces, -100 * light, 100 * light)[:, :, None, None]
        mean = ops.mean(faces, axis=(1, 2, 3), keepdims=True)
        noise = self._uniform(faces, 0.0, self.noise)[:, :, None, None]
        noise = noise * keras.random.normal(ops.shape(faces), seed=self.random)
        return (faces - mean) * contrast + mean + brightness + noise

    def _light_from_a_side(self, faces: Any) -> Any:
        """Brightens one side and darkens the other, as a window does, and bends the greys."""
        side = faces.shape[1]
        position = (ops.cast(ops.arange(side), "float32") / (side - 1) * 2 - 1)[None, :]
        slopes = self._uniform(faces, -self.side_light, self.side_light, columns=2)
        light = (
            1.0
            + slopes[:, :1, None, None] * position[:, :, None, None]
            + slopes[:, 1:, None, None] * position[:, None, :, None]
        )
        gamma = ops.exp(self._uniform(faces, -self.light, self.light))[:, :, None, None]
        faces = 255.0 * ops.power(ops.clip(faces, 1.0, 255.0) / 255.0, gamma)
        return ops.clip(faces * light, 0.0, 255.0)

    def _erase(self, faces: Any) -> Any:
        """Covers a rectangle of up to half the side, as a hand or a neighbour's head does."""
        side = faces.shape[1]
        pixel = ops.cast(ops.arange(side), "float32")[None, :]
        inside = []
        for _ in range(2):
            start = self._uniform(faces, -0.2 * side, float(side))
            length = self._uniform(faces, 0.1 * side, 0.5 * side)
            inside.append(ops.logical_and(pixel >= start, pixel < start + length))
        covered = ops.logical_and(inside[0][:, :, None], inside[1][:, None, :])[..., None]
        chosen = (self._uniform(faces, 0, 1) < self.erase_share)[:, :, None, None]
        grey = self._uniform(faces, 0.0, 255.0)[:, :, None, None]
        return ops.where(ops.logical_and(covered, chosen), grey, faces)


def transformed(faces: Any, transforms: Any) -> Any:
    """Moves each face by an affine map of its own; pixels beside it repeat its border.

    The same as `keras.ops.image.affine_transform`, linear and "nearest", which with PyTorch goes
    from face to face and took a fifth of a training step.

    Args:
        faces: (B, S, S, 1) float32.
        transforms: (B, 6) a, b, e, c, d, f: the pixel at (x, y) comes from
            (a x + b y + e, c x + d y + f).
    """
    side = faces.shape[1]
    pixel = ops.cast(ops.arange(side), "float32")
    x, y = pixel[None, None, :], pixel[None, :, None]
    a, b, e, c, d, f = (value[:, :, None] for value in ops.split(transforms, 6, axis=1))
    column = ops.clip(a * x + b * y + e, 0.0, side - 1.0)
    row = ops.clip(c * x + d * y + f, 0.0, side - 1.0)
    left = ops.minimum(ops.floor(column), side - 2.0)
    above = ops.minimum(ops.floor(row), side - 2.0)
    across, down = column - left, row - above
    first = ops.reshape(ops.cast(above * side + left, "int32"), (-1, side * side))
    pixels = ops.reshape(faces, (-1, side * side))

    def neighbour(offset: int) -> Any:
        values = ops.take_along_axis(pixels, first + offset, axis=1)
        return ops.reshape(values, (-1, side, side))

    upper = neighbour(0) * (1 - across) + neighbour(1) * across
    lower = neighbour(side) * (1 - across) + neighbour(side + 1) * across
    return (upper * (1 - down) + lower * down)[..., None]
