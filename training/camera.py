"""What a camera, its compression and a detector's crop do to a face, on the training device.

A face that the camera sees 12 to 48 pixels wide reaches the network enlarged to 48: first the
lens blurs it and the sensor samples it, then noise and JPEG's blocks come upon those few pixels,
and only then is it enlarged. The order matters: noise of 16 pixels looks unlike noise of 48.
"""

from typing import Any, Final

import keras
import numpy as np
from keras import ops

SIDE: Final = 48
_CANVAS: Final = 56
"""Seven blocks of JPEG's eight pixels: a face of 48 may begin anywhere in the first block."""
_LUMINANCE: Final = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    np.float32,
)
"""Steps of the luminance at quality 50, from the JPEG standard's annex K."""


class Camera(keras.layers.Layer):
    """Sees (B, 48, 48, 1) faces, in 0..255, as a camera would, each in a way of its own.

    Args:
        seed: makes the sequence of changes repeatable.
        share: of the faces; the others pass through.
        pixels: the least and the largest width of a face on the sensor.
        blur: largest standard deviation of the lens' and motion's blur, in sensor pixels.
        noise: largest standard deviation of the sensor's noise, in grey levels.
        jpeg_share: share of the faces that are compressed.
        jpeg_quality: the least and the largest, as libjpeg counts it.
        cubic_share: share of the faces that are enlarged by a cubic in place of linearly.
    """

    def __init__(
        self,
        *,
        seed: int,
        share: float = 0.6,
        pixels: tuple[float, float] = (12.0, 48.0),
        blur: float = 0.9,
        noise: float = 8.0,
        jpeg_share: float = 0.5,
        jpeg_quality: tuple[float, float] = (30.0, 95.0),
        cubic_share: float = 0.3,
        **kwargs: Any,
    ) -> None:
        super().__init__(dtype="float32", trainable=False, **kwargs)
        self._random = keras.random.SeedGenerator(seed)
        self.share, self.pixels, self.blur, self.noise = share, pixels, blur, noise
        self.jpeg_share, self.jpeg_quality = jpeg_share, jpeg_quality
        self.cubic_share = cubic_share

    def call(self, faces: Any) -> Any:
        """(B, 48, 48, 1) float32, not clipped."""
        images = faces[..., 0]
        # Even steps of the logarithm: a face of 12 pixels is as far from 24 as 24 from 48.
        low, high = (float(np.log(value)) for value in self.pixels)
        size = ops.exp(self._uniform(images, low, high))
        starts = [self._uniform(images, 0.0, _CANVAS - SIDE - 1.0) for _ in "yx"]
        small = ops.einsum(
            "bij,bjk,blk->bil",
            *(self._shrinking(images, starts[0], size), images),
            self._shrinking(images, starts[1], size),
        )
        level = self._uniform(images, 0.0, self.noise)[..., None]
        small = small + level * keras.random.normal(ops.shape(small), seed=self._random)
        small = self._compress(small)
        cubic = self._uniform(images, 0.0, 1.0)[..., None] < self.cubic_share
        seen = ops.einsum(
            "bij,bjk,blk->bil",
            *(enlarging(starts[0], size, cubic), small),
            enlarging(starts[1], size, cubic),
        )
        chosen = self._uniform(images, 0.0, 1.0)[..., None] < self.share
        return ops.where(chosen, seen, images)[..., None]

    def _uniform(self, images: Any, low: float, high: float) -> Any:
        return keras.random.uniform((ops.shape(images)[0], 1), low, high, seed=self._random)

    def _shrinking(self, images: Any, start: Any, size: Any) -> Any:
        """A direction's blur of its own: where they differ, the face or the camera moved."""
        return shrinking(start, size, self._uniform(images, 0.0, self.blur))

    def _compress(self, images: Any) -> Any:
        quality = self._uniform(images, *self.jpeg_quality)[..., None]
        chosen = self._uniform(images, 0.0, 1.0)[..., None] < self.jpeg_share
        return ops.where(chosen, jpeg(images, quality), images)


def shrinking(start: Any, size: Any, blur: Any) -> Any:
    """Matrices that bring a face's 48 pixels to the sensor's fewer.

    Args:
        start: (B, 1) where the face begins on the canvas, in pixels.
        size: (B, 1) its width there.
        blur: (B, 1) standard deviation, in pixels there.

    Returns:
        (B, 56, 48) float32, rows of sum 1; pixels beside the face repeat its border.
    """
    scale = SIDE / size
    pixel = ops.cast(ops.arange(_CANVAS), "float32")[None, :]
    centre = ops.clip((pixel - start + 0.5) * scale - 0.5, 0.0, SIDE - 1.0)[..., None]
    source = ops.cast(ops.arange(SIDE), "float32")[None, None, :]
    distance = ops.abs(source - centre)
    # A pixel gathers the light of its square; where that is no larger than a source pixel, the
    # two nearest are interpolated.
    half = ops.maximum(scale, 1.0)[..., None] / 2
    square = ops.clip(half + 0.5 - distance, 0.0, 1.0)
    deviation = (blur * scale)[..., None]
    smooth = ops.exp(-(distance**2) / (2 * deviation**2 + 1e-3))
    weights = ops.where(deviation > half / 2, smooth, square)
    return weights / ops.maximum(ops.sum(weights, axis=-1, keepdims=True), 1e-6)


def enlarging(start: Any, size: Any, cubic: Any) -> Any:
    """Matrices that bring the sensor's pixels back to 48, as OpenCV resizes a crop.

    Args:
        start, size: as for `shrinking`.
        cubic: (B, 1, 1) bool; linear otherwise.

    Returns:
        (B, 48, 56) float32, rows of sum 1.
    """
    pixel = ops.cast(ops.arange(SIDE), "float32")[None, :]
    centre = start + (pixel + 0.5) * size / SIDE - 0.5
    # A crop ends with the face: what is beside it repeats its border.
    centre = ops.clip(centre, start, start + size - 1.0)[..., None]
    source = ops.cast(ops.arange(_CANVAS), "float32")[None, None, :]
    far = ops.abs(source - centre)
    linear = ops.maximum(1.0 - far, 0.0)
    weights = ops.where(cubic, _cubic(far), linear)
    return weights / ops.sum(weights, axis=-1, keepdims=True)


def _cubic(far: Any) -> Any:
    """Keys' kernel with the -0.75 that OpenCV uses."""
    a = -0.75
    near = ((a + 2) * far - (a + 3)) * far * far + 1
    further = ((a * far - 5 * a) * far + 8 * a) * far - 4 * a
    return ops.where(far <= 1, near, ops.where(far < 2, further, 0.0))


def jpeg(images: Any, quality: Any) -> Any:
    """What JPEG leaves of grey pictures: the cosines of each block, rounded.

    Args:
        images: (B, H, W) in 0..255, sides multiples of 8.
        quality: (B, 1, 1), 1 to 100 as libjpeg counts it.
    """
    height, width = images.shape[1:]
    cosines = ops.convert_to_tensor(_cosines())
    scale = ops.where(quality < 50, 50.0 / quality, 2.0 - quality / 50.0)[..., None, None]
    steps = ops.maximum(ops.floor(ops.convert_to_tensor(_LUMINANCE) * scale + 0.5), 1.0)
    blocks = ops.reshape(images - 128.0, (-1, height // 8, 8, width // 8, 8))
    blocks = ops.transpose(blocks, (0, 1, 3, 2, 4))
    waves = ops.einsum("ui,bhwij,vj->bhwuv", cosines, blocks, cosines)
    waves = ops.round(waves / steps) * steps
    blocks = ops.einsum("ui,bhwuv,vj->bhwij", cosines, waves, cosines)
    return ops.reshape(ops.transpose(blocks, (0, 1, 3, 2, 4)), (-1, height, width)) + 128.0


def _cosines() -> np.ndarray:
    """(8, 8): row u is the cosine of frequency u, so that the transform keeps lengths."""
    frequency, pixel = np.mgrid[0:8, 0:8]
    waves = np.cos((2 * pixel + 1) * frequency * np.pi / 16) / 2
    waves[0] /= np.sqrt(2)
    return waves.astype(np.float32)
