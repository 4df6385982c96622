"""A network that begins with a shallower one's weights answers as that does, and can learn more."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

keras = pytest.importorskip("keras", reason="training needs Keras: install the extra 'training'")

from tests.training.datasets import wider_face_zip  # noqa: E402
from training.deepening import deepen  # noqa: E402
from training.face_detector.network import face_detector  # noqa: E402
from training.face_detector.train import train  # noqa: E402
from training.recipe import DetectorRecipe, RecipeError, load  # noqa: E402

SMALL: dict[str, Any] = {"stem_widths": [4, 4], "widths": [4, 6, 8], "neck_width": 4}
SHALLOW: dict[str, Any] = {**SMALL, "blocks": [1, 1, 1]}
DEEP: dict[str, Any] = {**SMALL, "blocks": [2, 1, 3]}
PICTURES = np.random.default_rng(0).uniform(0, 255, (2, 96, 64, 3)).astype(np.float32)


def trained(**options: Any) -> Any:
    """A network whose batch normalisation is not that of a new one."""
    network = face_detector(**options)
    random = np.random.default_rng(1)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([random.uniform(0.5, 1.5, one.shape) for one in layer.weights])
    return network


def test_a_deeper_detector_answers_as_the_shallow_one_until_it_learns() -> None:
    shallow, deep = trained(**SHALLOW), face_detector(**DEEP, frontality=True)
    deepen(deep, shallow)
    wanted = shallow.predict(PICTURES, verbose=0)
    answers = deep.predict(PICTURES, verbose=0)
    for name, values in wanted.items():
        np.testing.assert_allclose(answers[name], values, atol=1e-5)

    deep.compile(optimizer=keras.optimizers.SGD(1e-3), loss=dict.fromkeys(deep.output, "mse"))
    deep.fit(PICTURES, {n: v + 1 for n, v in answers.items()}, epochs=1, verbose=0)
    added = next(layer for layer in deep.layers if layer.name == "s8_block1_b_bn")
    assert np.abs(added.get_weights()[0]).max() > 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({**DEEP, "widths": [8, 6, 8]}, "layer s8_down_conv has other channels"),
        ({**SMALL, "blocks": [1, 1, 0]}, "no fewer blocks .* without s32_block0"),
    ],
)
def test_what_cannot_be_deepened_is_told(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RecipeError, match=sentence):
        deepen(face_detector(**options), face_detector(**SHALLOW))


def test_a_run_begins_with_the_shallower_network_of_the_recipe_it_starts_from(
    tmp_path: Path,
) -> None:
    # Learning nothing, it ends as it began.
    content = yaml.safe_load(
        "{task: face_detector, input_size: 96, epochs: 1, learning_rate: 1.0e-9, warmup_epochs: 0,"
        " weight_decay: 0, ema_momentum: 0.5, precision: float32, seed: 1, batch_size: 4}"
    )
    before = tmp_path / "shallow.yaml"
    before.write_text(yaml.safe_dump({**content, "options": SHALLOW}))
    shallow = trained(**SHALLOW)
    shallow.save(tmp_path / "shallow.keras")
    path = train(
        DetectorRecipe(**{**content, "options": DEEP, "starts_from": str(before)}),
        name="deep",
        data=wider_face_zip(tmp_path / "wider.zip"),
        out=tmp_path / "deep",
        start=tmp_path / "shallow.keras",
    )
    deep = keras.models.load_model(path, compile=False)
    for name in ("s8_block0_a_conv", "box_32"):
        np.testing.assert_allclose(
            deep.get_layer(name).get_weights()[0],
            shallow.get_layer(name).get_weights()[0],
            atol=1e-5,
        )


def test_a_detector_that_would_begin_with_a_classifier_is_told(tmp_path: Path) -> None:
    deep = load("detector_varied").model_copy(update={"starts_from": "emotion_student"})
    assert isinstance(deep, DetectorRecipe)
    deep = deep.model_copy(update={"teacher_weight": 0, "options": {}})
    with pytest.raises(RecipeError, match="expected a recipe of the task face_detector"):
        train(
            deep,
            name="deep",
            data=wider_face_zip(tmp_path / "wider.zip"),
            out=tmp_path / "deep",
            start=tmp_path / "absent.keras",
        )
