"""What only JAX does: several steps in one call, and a batch shared by several devices.

The devices are simulated: JAX makes as many of a processor as it is told.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import REPOSITORY
from tests.training.datasets import fer2013_zip

PROGRAM = """
import json, sys
from pathlib import Path
import jax, keras, numpy as np
from training import devices, run
from training.recipe import EmotionRecipe
from training.train import train
steps, data, out = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
run.most_steps_a_call = lambda: steps
recipe = EmotionRecipe(
    task="emotion_classifier", family="cnn", options={"widths": [4], "convolutions": 1},
    augmentation={"small_face_share": 0, "erase_share": 0, "noise": 0, "camera": {}},
    epochs=2, batch_size=8, learning_rate=0.01, warmup_epochs=1, weight_decay=0.02,
    label_smoothing=0.1, ema_momentum=0.5, precision="float32", seed=1, measure_every=2,
)
path = train(recipe, name="tiny", data=data, out=out)
network = keras.models.load_model(path, compile=False)
weights = np.concatenate([np.ravel(values) for values in network.get_weights()])
print(json.dumps({"devices": len(jax.devices()), "weights": weights.tolist(),
                  "run": json.loads((out / "run.json").read_text())["devices"]}))
"""

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("jax") is None,
    reason="JAX is not installed: pip install -e '.[jax]'",
)


def trained(folder: Path, *, devices: int, steps: int) -> dict[str, object]:
    environment = {
        **os.environ,
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}",
    }
    data = fer2013_zip(folder / "fer.zip")
    out = folder / f"run-{devices}-{steps}"
    words = [sys.executable, "-c", PROGRAM, str(steps), str(data), str(out)]
    done = subprocess.run(
        words, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return result


def test_devices_that_share_a_batch_and_steps_in_one_call_train_the_same(tmp_path: Path) -> None:
    alone = trained(tmp_path, devices=1, steps=1)
    together = trained(tmp_path, devices=4, steps=5)
    assert (alone["devices"], alone["run"]) == (1, 1)
    assert (together["devices"], together["run"]) == (4, 4)
    assert together["weights"] == pytest.approx(alone["weights"], abs=1e-3)
