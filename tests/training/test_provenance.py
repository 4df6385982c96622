"""A card's command makes the network again, with all that it needs and no word more."""

from pathlib import Path

import pytest

from training.__main__ import parser
from training.provenance import learned_by, sources, training_command
from training.recipe import EmotionRecipe, load, names

DATA = Path("/somewhere/data.zip")


@pytest.mark.parametrize("name", names())
def test_every_recipes_command_can_be_typed(name: str) -> None:
    command = training_command(name, DATA)
    options = parser().parse_args(command.split()[3:])
    assert options.recipes == [name]
    assert options.data == Path("data.zip")


def test_a_command_names_what_the_networks_before_learn_from() -> None:
    assert training_command("emotion_half_steady", DATA) == (
        "python -m training all emotion_half_steady --data data.zip --ferplus ferplus_votes.csv "
        "--unlabelled wider_dev.zip --out runs"
    )
    assert "--unlabelled" not in training_command("emotion_student_average", DATA)
    # detector_first itself has no teacher.
    assert "--teacher" not in training_command("detector_first", DATA)
    assert "--teacher face_detection_yunet_2026may.onnx" in training_command("detector_deep", DATA)


def test_who_is_seen_is_told_where_a_part_of_a_mean_learned_by_it() -> None:
    assert "demographics" in sources("detector_average_fourth")
    assert "demographics" not in sources("detector_average_third")


def test_a_seed_of_its_own_is_told() -> None:
    name = "emotion_student_taught"
    assert f" all {name}:99 " in training_command(name, DATA, seed=99)
    assert f" all {name} " in training_command(name, DATA, seed=load(name).seed)


def test_the_recipes_behind_a_mean_are_those_of_its_parts_and_of_all_before() -> None:
    recipe = load("emotion_student_average")
    assert isinstance(recipe, EmotionRecipe)
    before = ["emotion_student_taught", "emotion_student_longer", "emotion_student_untaught"]
    for name in [*recipe.average_of, *before]:
        assert load(name) in learned_by(recipe)
    # The mean itself learned nothing.
    assert recipe not in learned_by(recipe)
