"""The detector trains with every backend of Keras that is installed beside TensorFlow."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import REPOSITORY
from tests.training.datasets import fer2013_zip, wider_face_zip

PROGRAM = """
import sys
from pathlib import Path
from training.face_detector.train import train
from training.recipe import DetectorRecipe
data, out = Path(sys.argv[1]), Path(sys.argv[2])
recipe = DetectorRecipe(
    task="face_detector", options={"widths": [8, 8, 8], "blocks": [1, 1, 1], "neck_width": 8},
    input_size=64, epochs=1, batch_size=2, learning_rate=0.001, warmup_epochs=0,
    weight_decay=0.02, ema_momentum=0.5, precision="float32", seed=1,
)
train(recipe, name="tiny", data=data, out=out)
"""


def run_with(backend: str, program: str, *arguments: Path) -> None:
    """Runs it with a backend in a process of its own: Keras takes one for good."""
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed: pip install {backend}")
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=REPOSITORY,
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_a_detector_trains_with_it(backend: str, tmp_path: Path) -> None:
    data = wider_face_zip(tmp_path / "wider.zip")
    run_with(backend, PROGRAM, data, tmp_path / "run")
    assert (tmp_path / "run" / "network.keras").is_file()


SAME_STEP = """
import keras, numpy as np, torch
from training.models import EMOTION_MODELS
from training.torch_kernels import use_torch_kernels

faces = torch.tensor(np.random.default_rng(0).uniform(0, 255, (16, 48, 48, 1)), dtype=torch.float32)

def step():
    keras.utils.set_random_seed(1)
    network = EMOTION_MODELS["student"](
        widths=[8, 16], blocks=[1, 1], expansions=[0, 2], dropout=0.0
    )
    logits = network(faces, training=True)
    logits.square().sum().backward()
    gradients = [one.value.grad for one in network.trainable_variables]
    return [logits.detach(), *gradients, *(one.value for one in network.non_trainable_variables)]

slow, before = step(), keras.layers.BatchNormalization.call
use_torch_kernels()
assert keras.layers.BatchNormalization.call is not before
for one, other in zip(step(), slow, strict=True):
    one, other = one.double(), other.double()
    assert (one - other).abs().max() <= 1e-3 * other.abs().max() + 1e-4, (one, other)
"""


def test_torchs_own_kernels_change_speed_alone() -> None:
    run_with("torch", SAME_STEP)


TAUGHT_NOTHING = """
import sys
from pathlib import Path
import keras, numpy as np
from training.recipe import EmotionRecipe
from training.train import train
data, out = Path(sys.argv[1]), Path(sys.argv[2])
common = dict(
    task="emotion_classifier", family="cnn", options={"widths": [4], "convolutions": 1},
    epochs=2, batch_size=8, learning_rate=0.01, warmup_epochs=0, weight_decay=0.02,
    ema_momentum=0.5, precision="float32", seed=1, label_smoothing=0.1,
)
alone = train(EmotionRecipe(**common), name="alone", data=data, out=out / "alone")
how = {"teachers": ["alone"], "temperature": 2.0, "weight": 0.0}
taught = train(
    EmotionRecipe(**common, distillation=how), name="taught", teachers=[alone], data=data,
    out=out / "taught",
)
one, other = (keras.models.load_model(path, compile=False) for path in (alone, taught))
for ours, theirs in zip(one.get_weights(), other.get_weights(), strict=True):
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3)
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_a_teacher_of_its_own_family_without_a_say_changes_nothing(
    backend: str, tmp_path: Path
) -> None:
    """Its layers have the student's names, and by names PyTorch's gradients were forgotten."""
    run_with(backend, TAUGHT_NOTHING, fer2013_zip(tmp_path / "fer.zip"), tmp_path)
