"""The command itself, killed in its middle and on a full disk; minutes, as it starts TensorFlow."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("keras", reason="converting needs Keras: install the extra 'training'")
pytest.importorskip("tensorflow", reason="converting needs TensorFlow: install 'training'")

from converter.calibration import chosen
from converter.variants import read_variants
from edge_agent.tflite_model import TfliteModel
from tests.support import PATIENCE_SECONDS, REPOSITORY, await_true
from tests.training.datasets import fer2013_zip
from training import fer2013
from training.models import EMOTION_MODELS

pytestmark = pytest.mark.long


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    data = fer2013_zip(tmp_path / "fer.zip", each=2)
    pictures, network = tmp_path / "pictures.csv", tmp_path / "tiny.keras"
    pictures.write_text(chosen(fer2013.load(data, "training"), number=4, seed=0))
    EMOTION_MODELS["cnn"](widths=[8, 8], convolutions=1).save(network)
    return [
        *(sys.executable, "-m", "converter", "convert", str(network), "--data", str(data)),
        *("--calibration", str(pictures), "--batch", "1", "--out"),
    ]


def test_a_killed_conversion_leaves_whole_files_and_can_be_repeated(
    command: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    converting = subprocess.Popen([*command, str(out)], cwd=REPOSITORY, stderr=subprocess.DEVNULL)
    try:
        await_true(lambda: list(out.glob("*.tflite")), patience=5 * PATIENCE_SECONDS)
    finally:
        converting.kill()
        converting.wait(PATIENCE_SECONDS)
    for file in out.glob("*.tflite"):
        assert TfliteModel(file).input_shape == (1, 48, 48, 1)
    assert not list(out.glob("*.variants.json"))
    subprocess.run([*command, str(out)], cwd=REPOSITORY, check=True, capture_output=True)
    assert len(read_variants(out)[0].variants) == 5


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with room for 12 kB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12k", "none", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("this machine does not let root mount a tmpfs")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_told_and_nothing_half_written_stays(
    command: list[str], small_disk: Path
) -> None:
    done = subprocess.run(
        [*command, str(small_disk)], cwd=REPOSITORY, check=False, capture_output=True, text=True
    )
    assert done.returncode == 2
    last = done.stderr.strip().splitlines()[-1]
    assert "No space left on device; make room, or choose another folder with --out" in last
    assert "Traceback" not in done.stderr
    assert not list(small_disk.glob(".*.partial"))
    for file in small_disk.glob("*.tflite"):
        TfliteModel(file)
