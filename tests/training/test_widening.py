"""A network that begins with a narrower one's weights answers as that does, and can learn more."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

keras = pytest.importorskip("keras", reason="training needs Keras: install the extra 'training'")

from tests.training.datasets import fer2013_zip  # noqa: E402
from training.models import EMOTION_MODELS  # noqa: E402
from training.recipe import EmotionRecipe, RecipeError, load  # noqa: E402
from training.train import train  # noqa: E402
from training.widening import widen  # noqa: E402

FACES = np.random.default_rng(0).uniform(0, 255, (16, 48, 48, 1)).astype(np.float32)
NARROW_WIDE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "cnn": ({"widths": [4, 8]}, {"widths": [8, 24]}),
    "mobilenet": ({"width": 0.25, "stem_strides": 2}, {"width": 0.5, "stem_strides": 2}),
    "resnet": (
        {"widths": [4, 8], "blocks": [1, 2]},
        {"widths": [8, 16], "blocks": [1, 2]},
    ),
    "student": (
        {"widths": [4, 8], "blocks": [1, 1], "expansions": [0, 2]},
        {"widths": [8, 16], "blocks": [1, 1], "expansions": [0, 2], "dropout": 0.5},
    ),
}


def trained(family: str, **options: Any) -> Any:
    """A network whose batch normalisation is not that of a new one."""
    network = EMOTION_MODELS[family](**options)
    random = np.random.default_rng(1)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([random.uniform(0.5, 1.5, one.shape) for one in layer.weights])
    return network


@pytest.mark.parametrize("family", NARROW_WIDE)
def test_a_wider_network_answers_as_the_narrow_one_that_it_begins_with(family: str) -> None:
    options, wider = NARROW_WIDE[family]
    narrow, wide = trained(family, **options), EMOTION_MODELS[family](**wider)
    widen(wide, narrow, seed=1)
    assert wide.count_params() > 2 * narrow.count_params()
    wanted = narrow.predict(FACES, verbose=0)
    np.testing.assert_allclose(
        wide.predict(FACES, verbose=0), wanted, atol=1e-4 * np.abs(wanted).max()
    )
    # Copies that were counted alike would learn alike, and never become more than one.
    last = np.asarray(wide.get_layer("logits").kernel)
    first, second, *_ = np.split(last, len(last) // narrow.get_layer("logits").kernel.shape[0])
    assert np.abs(first - second).mean() > 0.1 * np.abs(first).mean()


@pytest.mark.parametrize(
    ("family", "narrow", "wide", "sentence"),
    [
        ("student", {"widths": [4, 8], "blocks": [1, 1], "expansions": [0, 0]},
         {"widths": [6, 8], "blocks": [1, 1], "expansions": [0, 0]}, "whole multiples"),
        ("student", {"widths": [4], "blocks": [1], "expansions": [0], "stem_size": 3},
         {"widths": [8], "blocks": [1], "expansions": [0], "stem_size": 6}, "whole multiples"),
        ("resnet", {"widths": [4], "blocks": [1]}, {"widths": [8], "blocks": [2]}, "other layers"),
        ("densenet", {"blocks": [1], "growth": 4}, {"blocks": [1], "growth": 8}, "joined maps"),
    ],
)  # fmt: skip
def test_what_cannot_be_widened_is_told(
    family: str, narrow: dict[str, Any], wide: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(RecipeError, match=sentence):
        widen(EMOTION_MODELS[family](**wide), EMOTION_MODELS[family](**narrow), seed=1)


def test_a_run_begins_with_the_narrower_network_of_the_recipe_it_starts_from(
    tmp_path: Path,
) -> None:
    # Learning nothing, it ends as it began.
    content = yaml.safe_load(
        "{task: emotion_classifier, family: cnn, options: {widths: [4], convolutions: 1},"
        " epochs: 1, learning_rate: 1.0e-9, warmup_epochs: 0, weight_decay: 0, ema_momentum: 0.5,"
        " precision: float32, seed: 1, batch_size: 16, label_smoothing: 0.1}"
    )
    before = tmp_path / "narrow.yaml"
    before.write_text(yaml.safe_dump(content))
    narrow = trained("cnn", **content["options"])
    narrow.save(tmp_path / "narrow.keras")
    recipe = EmotionRecipe(
        **{**content, "options": {"widths": [8], "convolutions": 1}, "starts_from": str(before)}
    )
    path = train(
        recipe,
        name="wide",
        data=fer2013_zip(tmp_path / "fer.zip"),
        out=tmp_path / "wide",
        start=tmp_path / "narrow.keras",
    )
    first = keras.models.load_model(path, compile=False).layers[2].get_weights()[0]
    np.testing.assert_allclose(
        first, np.tile(narrow.layers[2].get_weights()[0], (1, 1, 1, 2)), atol=1e-5
    )


def test_a_classifier_that_would_begin_with_a_detector_is_told(tmp_path: Path) -> None:
    wide = load("emotion_wide").model_copy(update={"starts_from": "detector_first"})
    assert isinstance(wide, EmotionRecipe)
    wide = wide.model_copy(update={"ferplus_weight": 0})
    with pytest.raises(RecipeError, match="expected a recipe of the task emotion_classifier"):
        train(
            wide,
            name="wide",
            data=fer2013_zip(tmp_path / "fer.zip"),
            out=tmp_path / "wide",
            start=tmp_path / "narrow.keras",
        )


def test_the_wide_teacher_can_begin_with_the_released_student() -> None:
    wide = load("emotion_wide")
    assert isinstance(wide, EmotionRecipe)
    assert wide.starts_from is not None
    narrow = load(wide.starts_from)
    assert isinstance(narrow, EmotionRecipe)
    networks = [EMOTION_MODELS[one.family](**one.options) for one in (wide, narrow)]
    widen(*networks, seed=wide.seed)
