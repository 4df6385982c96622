"""Every family builds, takes faces, answers with seven logits, and survives full int8."""

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

pytest.importorskip("keras", reason="training needs Keras: install the extra 'training'")
pytest.importorskip("tensorflow", reason="converting needs TensorFlow: install 'training'")

from converter.convert import to_int8
from converter.operators import operators
from edge_agent.emotion_classifier import EmotionClassifier, softmax
from tests.support import REPOSITORY
from training import recipe as recipes
from training.augmentation import FaceAugmentation
from training.models import EMOTION_MODELS
from training.released_weights import take_released_weights

SMALL: dict[str, dict[str, Any]] = {
    "cnn": {"widths": [8, 16], "convolutions": 1},
    "mobilenet": {"width": 0.25, "stem_strides": 2},
    "dexpression": {"width": 0.125},
    "densenet": {"blocks": [2, 2], "growth": 8},
    "resnet": {"widths": [8, 16], "blocks": [1, 1]},
    "student": {"widths": [8, 16], "blocks": [1, 1], "expansions": [0, 2]},
}
"""Each family with the fewest layers in which all its kinds of layer occur."""
TEACHERS = REPOSITORY / "training" / "teachers"
ALL_IN_INT8 = ("QUANTIZE",)
"""What is outside XNNPACK: the conversion from uint8 to int8 at the beginning."""


def faces(number: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (number, 48, 48, 1), np.uint8)


def test_every_family_has_a_small_form_here() -> None:
    assert SMALL.keys() == EMOTION_MODELS.keys()


@pytest.mark.parametrize("family", EMOTION_MODELS)
def test_a_family_takes_faces_gives_logits_and_runs_in_int8(family: str, tmp_path: Path) -> None:
    network = EMOTION_MODELS[family](**SMALL[family])
    assert network.input_shape == (None, 48, 48, 1)
    assert network.output_shape == (None, 7)
    assert network.layers[1].name == "rescale"
    # Layers named by place: Keras' own names end in a counter that differs from run to run.
    names = [layer.name for layer in network.layers]
    assert names == [layer.name for layer in EMOTION_MODELS[family](**SMALL[family]).layers]
    logits = np.asarray(network(faces(3).astype(np.float32)))
    assert logits.shape == (3, 7)
    assert np.isfinite(logits).all()
    network.save(tmp_path / "network.keras")
    content = to_int8(tmp_path / "network.keras", faces(4))
    assert operators(content).outside == ALL_IN_INT8
    # Where nobody kept the float network, its answers come back from the int8 file.
    (tmp_path / "released.tflite").write_bytes(content)
    again = EMOTION_MODELS[family](**SMALL[family])
    take_released_weights(again, tmp_path / "released.tflite", [faces(16).astype(np.float32)])
    answers = np.asarray(again(faces(3).astype(np.float32)))
    assert np.abs(answers - logits).mean() < 0.1 * np.abs(logits).mean() + 0.01


@pytest.mark.parametrize("path", sorted(TEACHERS.glob("emotion_*")), ids=lambda path: path.stem)
def test_a_kept_teacher_answers_as_its_file_does(path: Path) -> None:
    recipe = recipes.load(path.stem)
    assert isinstance(recipe, recipes.EmotionRecipe)
    teacher = EMOTION_MODELS[recipe.family](**recipe.options)
    take_released_weights(teacher, path, [faces(64).astype(np.float32)])
    answers = softmax(np.asarray(teacher(faces(8).astype(np.float32))))
    file_answers = EmotionClassifier(path, temperature=1.0).predict(faces(8)[..., 0])
    assert np.abs(answers - file_answers).max() < 0.1


def emotion_recipes() -> list[str]:
    return [name for name in recipes.names() if not name.startswith("detector")]


@pytest.mark.parametrize("name", emotion_recipes())
def test_a_recipe_names_a_family_and_options_that_exist(name: str) -> None:
    recipe = recipes.load(name)
    assert isinstance(recipe, recipes.EmotionRecipe)
    inspect.signature(EMOTION_MODELS[recipe.family]).bind(**recipe.options)
    FaceAugmentation(seed=1, **recipe.augmentation)


@pytest.mark.parametrize(
    ("name", "kilobytes"),
    [("emotion_student", 1000), ("emotion_student_half", 300), ("emotion_half_longer", 300)],
)
def test_a_student_fits_its_size(name: str, kilobytes: int) -> None:
    recipe = recipes.load(name)
    assert isinstance(recipe, recipes.EmotionRecipe)
    network = EMOTION_MODELS[recipe.family](**recipe.options)
    # A byte a weight, and about 32 for the bias and the scale of each channel and its names.
    channels = sum(layer.output.shape[-1] for layer in network.layers if "conv" in layer.name)
    assert network.count_params() + 32 * channels < 1000 * kilobytes


@pytest.mark.long
@pytest.mark.parametrize("name", emotion_recipes())
def test_a_recipes_network_runs_in_int8(name: str, tmp_path: Path) -> None:
    recipe = recipes.load(name)
    assert isinstance(recipe, recipes.EmotionRecipe)
    EMOTION_MODELS[recipe.family](**recipe.options).save(tmp_path / "network.keras")
    content = to_int8(tmp_path / "network.keras", faces(4))
    assert operators(content).outside == ALL_IN_INT8


def test_every_recipe_says_how_to_run_it() -> None:
    for name in recipes.names():
        text = (recipes.RECIPES / f"{name}.yaml").read_text()
        recipe = recipes.load(name)
        is_taught = isinstance(recipe, recipes.EmotionRecipe) and recipe.distillation is not None
        verb = "average" if recipe.average_of else "distill" if is_taught else "train"
        assert f"python -m training {verb} {name}" in text
        assert isinstance(yaml.safe_load(text), dict)


def test_a_recipe_that_is_like_another_takes_what_it_leaves_out(tmp_path: Path) -> None:
    first, second, third = (tmp_path / f"{name}.yaml" for name in ("first", "second", "third"))
    first.write_text((recipes.RECIPES / "emotion_cnn.yaml").read_text())
    second.write_text(f"like: {first}\nfamily: resnet\noptions: {{blocks: [1, 1, 1, 1]}}\n")
    alike, other = recipes.load(str(first)), recipes.load(str(second))
    assert other == alike.model_copy(
        update={"family": "resnet", "options": {"blocks": [1, 1, 1, 1]}}
    )
    third.write_text(f"like: {second}\n")
    with pytest.raises(recipes.RecipeError, match=r"third\.yaml: like: expected a recipe that"):
        recipes.load(str(third))
