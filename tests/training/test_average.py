"""The mean of the weights of several networks, made by ``python -m training average``."""

from pathlib import Path

import numpy as np
import pytest
import yaml

keras = pytest.importorskip("keras", reason="training needs Keras: install the extra 'training'")
pytest.importorskip("tensorflow", reason="these tests run on TensorFlow: install 'training'")

from tests.training.datasets import fer2013_zip, wider_face_zip  # noqa: E402
from training.__main__ import main  # noqa: E402
from training.face_detector.network import face_detector  # noqa: E402
from training.models import EMOTION_MODELS  # noqa: E402
from training.recipe import RECIPES  # noqa: E402

OPTIONS = {"widths": [4], "convolutions": 1}
STATISTICS = ("moving_mean", "moving_variance")


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    content = yaml.safe_load((RECIPES / "emotion_cnn.yaml").read_text())
    content |= {"options": OPTIONS, "average_of": ["one", "two"], "precision": "float32"}
    path = tmp_path / "mean.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return fer2013_zip(tmp_path / "fer.zip")


def network(path: Path, *, widths: int = 4) -> Path:
    """One with random weights, and statistics that nothing measured."""
    made = EMOTION_MODELS["cnn"](**OPTIONS | {"widths": [widths]})
    for weight in made.weights:
        if weight.name in STATISTICS:
            weight.assign(weight + 1000)
    path.parent.mkdir()
    made.save(path)
    return path


def detector(path: Path, *, deep: bool = False) -> Path:
    """One with random weights."""
    path.parent.mkdir()
    face_detector(blocks=[2 if deep else 1, 1, 1]).save(path)
    return path


def weights(path: Path, *, statistics: bool) -> list[np.ndarray]:
    loaded = keras.models.load_model(path, compile=False)
    return [np.asarray(w) for w in loaded.weights if (w.name in STATISTICS) == statistics]


def test_the_mean_has_the_mean_weights_and_statistics_of_its_own(
    tmp_path: Path, recipe: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = [network(tmp_path / name / "network.keras") for name in ("one", "two")]
    command = ["average", str(recipe), "--networks", *map(str, parts), "--data", str(data)]
    assert main([*command, "--out", str(tmp_path / "mean")]) == 0

    mean = tmp_path / "mean" / "network.keras"
    first, second = (weights(part, statistics=False) for part in parts)
    for ours, one, two in zip(weights(mean, statistics=False), first, second, strict=True):
        assert ours == pytest.approx((one + two) / 2, abs=1e-6)
    for measured in weights(mean, statistics=True):
        assert np.abs(measured).max() < 500
    printed = capsys.readouterr().out
    assert [line.split("|")[1].strip() for line in printed.splitlines()[2:5]] == [
        "one",
        "two",
        "the mean of their weights",
    ]
    assert str(mean) in printed


def test_detectors_are_averaged_likewise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = yaml.safe_load((RECIPES / "detector_first.yaml").read_text())
    content |= {"options": {"blocks": [1, 1, 1]}, "average_of": ["one", "two"], "input_size": 64}
    recipe = tmp_path / "mean.yaml"
    recipe.write_text(yaml.safe_dump(content))
    data = wider_face_zip(tmp_path / "wider.zip")
    parts = [detector(tmp_path / name / "network.keras") for name in ("one", "two")]
    rest = ["--data", str(data), "--out", str(tmp_path / "mean")]

    deep = detector(tmp_path / "deep" / "network.keras", deep=True)
    assert main(["average", str(recipe), "--networks", str(parts[0]), str(deep), *rest]) == 2
    assert "deep/network.keras: expected a network with the" in capsys.readouterr().err
    assert not (tmp_path / "mean").exists()

    assert main(["average", str(recipe), "--networks", *map(str, parts), *rest]) == 0
    mean = tmp_path / "mean" / "network.keras"
    assert str(mean) in capsys.readouterr().out
    first, second = (weights(part, statistics=False) for part in parts)
    for ours, one, two in zip(weights(mean, statistics=False), first, second, strict=True):
        assert ours == pytest.approx((one + two) / 2, abs=1e-6)
    # Those of the parts are still at their start.
    assert all(np.ptp(measured) > 0 for measured in weights(mean, statistics=True))


def test_what_cannot_be_averaged_is_refused_in_a_sentence(
    tmp_path: Path, recipe: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = str(network(tmp_path / "one" / "network.keras"))
    wide = str(network(tmp_path / "wide" / "network.keras", widths=8))
    rest = ["--data", str(data), "--out", str(tmp_path / "mean")]

    def refusal(*typed: str) -> str:
        assert main([*typed, *rest]) == 2
        told = capsys.readouterr().err
        assert told.count("\n") == 1
        assert not (tmp_path / "mean").exists()
        return told

    average = ["average", str(recipe), "--networks"]
    assert "a file for each of one, two, got 1" in refusal(*average, one)
    assert "wide/network.keras: expected a network with the family and options" in refusal(
        *average, one, wide
    )
    assert "no such file" in refusal(*average, one, str(tmp_path / "none.keras"))
    assert "got one that trains" in refusal("average", "emotion_cnn", "--networks", one, one)
    assert "one that averages the networks of one, two" in refusal("train", str(recipe))
    assert "as in emotion_cnn --seed 2" in refusal("train", "emotion_cnn:2")

    content = yaml.safe_load(recipe.read_text())
    recipe.write_text(yaml.safe_dump(content | {"starts_from": "emotion_cnn"}))
    assert "average_of without starts_from" in refusal(*average, one, one)
