"""Lets Keras use PyTorch's own kernels where it takes detours; the answers are the same.

Keras 3.15 normalises a batch by a dozen operations over the whole map, where PyTorch has one; and
it copies the input of every convolution twice, from channels last to first and back, where
PyTorch takes it as it lies.
"""

from typing import Any

import keras


def use_torch_kernels() -> None:
    """Takes Keras' detours away, for the rest of the process; nothing with another backend."""
    if keras.backend.backend() != "torch" or keras.layers.BatchNormalization.call is _normalise:
        return
    keras.layers.BatchNormalization.call = _normalise
    # Private, so it may be gone some day: then only speed is lost.
    from keras.src.backend.torch import nn

    copied = getattr(nn, "_transpose_spatial_inputs", None)
    if copied is not None:
        nn._transpose_spatial_inputs = lambda inputs: (
            inputs.permute(0, 3, 1, 2) if inputs.ndim == 4 else copied(inputs)
        )


_by_keras = keras.layers.BatchNormalization.call


def _normalise(
    self: keras.layers.BatchNormalization, inputs: Any, training: Any = None, mask: Any = None
) -> Any:
    """`keras.layers.BatchNormalization.call`, for maps with the channels last, while training."""
    is_plain = self.axis in (-1, 3) and self.center and self.scale and mask is None
    if not (training and self.trainable and is_plain and inputs.ndim == 4):
        return _by_keras(self, inputs, training=training, mask=mask)
    import torch

    # With a momentum of 1 these become the batch's own; PyTorch's variance is the unbiased one.
    mean, variance = (torch.zeros_like(self.moving_mean.value.detach()) for _ in range(2))
    outputs = torch.nn.functional.batch_norm(
        *(inputs.permute(0, 3, 1, 2), mean, variance, self.gamma.value, self.beta.value),
        training=True,
        momentum=1.0,
        eps=self.epsilon,
    )
    number = inputs.numel() // inputs.shape[-1]
    biased = variance * ((number - 1) / number)
    with torch.no_grad():
        for moving, new in ((self.moving_mean, mean), (self.moving_variance, biased)):
            moving.assign(moving.value * self.momentum + new * (1.0 - self.momentum))
    return outputs.permute(0, 2, 3, 1)
