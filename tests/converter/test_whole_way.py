"""One tiny network the whole way: convert, verify, benchmark, report, pick, release."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("keras", reason="converting needs Keras: install the extra 'training'")
pytest.importorskip("tensorflow", reason="converting needs TensorFlow: install 'training'")

from converter.__main__ import main
from converter.operators import operators
from converter.results import read_results
from converter.variants import read_variants
from edge_agent.emotion_classifier import EmotionClassifier
from edge_agent.model_card import read_card
from edge_agent.tflite_model import TfliteModel
from tests.training.datasets import fer2013_zip
from training.models import EMOTION_MODELS

RECIPE = """
task: emotion_classifier
family: cnn
options: {widths: [8, 8], convolutions: 1}
epochs: 1
batch_size: 16
learning_rate: 0.003
warmup_epochs: 1
weight_decay: 0.02
label_smoothing: 0.1
ema_momentum: 0.9
precision: float32
seed: 1
"""


def test_from_a_trained_network_to_a_page_and_a_release(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*words: object) -> int:
        return main([str(word) for word in words])

    data = fer2013_zip(tmp_path / "fer.zip")
    network = tmp_path / "tiny" / "network.keras"
    network.parent.mkdir()
    EMOTION_MODELS["cnn"](widths=[8, 8], convolutions=1).save(network)
    pictures, variants = tmp_path / "pictures.csv", tmp_path / "variants"

    assert run("calibration", "--data", data, "--number", 8, "--out", pictures) == 0
    converted = run(
        *("convert", network, "--data", data, "--calibration", pictures, "--out", variants),
        *("--batch", 1, 3),
    )
    assert converted == 0
    [made] = read_variants(variants)
    names = ("float32", "float16", "dynamic", "int8", "int16")
    assert [(variant.precision.value, variant.batch) for variant in made.variants] == [
        (name, batch) for batch in (1, 3) for name in names
    ]
    faces = np.random.default_rng(0).integers(0, 256, (4, 48, 48), np.uint8)
    for variant in made.variants:
        assert EmotionClassifier(variants / variant.file).predict(faces).shape == (4, 7)
    int8 = TfliteModel(variants / "tiny-int8-b1.tflite")
    assert int8.input_dtype == np.uint8
    assert operators(int8.path).outside == ("QUANTIZE",)

    bounds = ("--min-agreement", 0, "--max-distance", 1, "--max-loss", 100)
    told = ("verify", network, "--data", data, "--variants", variants)
    capsys.readouterr()
    assert run(*told, *bounds, "--layers") == 0
    out = capsys.readouterr().out
    assert len(re.findall(r"^\| tiny \|", out, re.M)) == 10
    assert out.count("← grew most") == 2
    assert "| stage1_0_relu | CONV_2D |" in out
    # float32 is the same network; what it is held to by default it keeps.
    assert re.search(r"\| tiny \| float32 \| 1 \| 100.00%.*\| yes \|", out)
    assert run(*told, "--min-agreement", 1.1) == 1
    assert "tiny int8, batch 3: agreement" in capsys.readouterr().err

    # What verify found goes along with the variants: a board needs no pictures.
    results = tmp_path / "board.csv"
    measured = run(
        *("benchmark", variants, "--out", results, "--threads", 1, "--patience", 0),
        *("--rounds", 3, "--block-ms", 1, "--cold-starts", 1),
    )
    assert measured == 0
    found = read_results(results)
    assert len(found.rows) == 10
    assert found.rows[0].ratio == 1
    assert {"board", "cores", "instruction sets", "governor", "load"} <= found.facts.keys()
    for row in found.rows:
        assert 0 < row.inside_us <= row.p99_us
        assert row.median_us <= row.p95_us <= row.p99_us
        assert row.accuracy is not None
        assert row.accuracy_low is not None
        assert row.accuracy_high is not None
        assert row.accuracy_low <= row.accuracy <= row.accuracy_high
        assert (row.pictures, row.cold_ms > 0, row.peak_mb > row.added_mb) == (42, True, True)
    by_precision = {row.precision: row for row in found.rows}
    assert by_precision["int8"].outside == 1
    assert by_precision["int16"].outside == by_precision["int16"].operators

    page = tmp_path / "page.html"
    assert run("report", results, "--out", page, "--picture", tmp_path / "page.png") == 0
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")
    text = page.read_text()
    assert text.count("<tr") == 1 + 10
    assert "<svg" in text
    assert not re.findall(r'(?:src|href)="(?!#)', text), "the page needs nothing beside it"
    assert len(re.findall(r"^\| tiny \|", page.with_suffix(".md").read_text(), re.M)) == 10

    judgements = variants / "tiny.judgements.json"
    judgements.write_text(judgements.read_text()[:99])
    assert run("benchmark", variants) == 2
    assert re.search(r"judgements\.json: expected .*; verify again", capsys.readouterr().err)

    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE)
    released = (
        *("release", recipe, "--network", network, "--data", data, "--out", tmp_path / "models"),
        *("--results", results, "--variants", variants, "--calibration", pictures),
    )
    assert run(*released, "--max-kb", 0.001) == 2
    assert "expected a network within the limits, got none: tiny" in capsys.readouterr().err
    assert not (tmp_path / "models").exists()
    assert run(*released, "--max-kb", 1000, "--name", "../small") == 2
    assert "expected a --name of letters, digits and _, got '../small'" in capsys.readouterr().err
    assert run(*released, "--max-kb", 1000, "--name", "emotion_classifier_small") == 0
    model = tmp_path / "models" / "emotion_classifier_small.tflite"
    assert model.read_bytes() == (variants / "tiny-int8-b1.tflite").read_bytes()
    card = read_card(model)
    assert card is not None
    assert "converter convert" in card.command
    assert str(tmp_path) not in card.command
    with pictures.open() as listed:
        assert len(list(csv.reader(listed))) == 1 + 8
