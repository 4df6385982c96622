"""The detector trains with every backend of Keras that is installed beside TensorFlow."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import REPOSITORY
from tests.training.datasets import wider_face_zip

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


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_a_detector_trains_with_it(backend: str, tmp_path: Path) -> None:
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed: pip install {backend}")
    data = wider_face_zip(tmp_path / "wider.zip")
    words = [sys.executable, "-c", PROGRAM, str(data), str(tmp_path / "run")]
    environment = {**os.environ, "KERAS_BACKEND": backend}
    done = subprocess.run(
        words, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "network.keras").is_file()
