"""A card's commands make the network again, in an order in which all that is needed exists."""

from pathlib import Path

from training.provenance import learned_by, training_commands
from training.recipe import EmotionRecipe, load, names

DATA = Path("/somewhere/data.zip")


def test_every_recipes_commands_need_only_what_earlier_ones_made() -> None:
    for name in names():
        made: set[str] = set()
        commands = training_commands(load(name), name, DATA)
        for command in commands:
            words = command.split()
            needed = {word for word in words if word.endswith("/network.keras")}
            assert needed <= made, command
            folder = words[words.index("--out") + 1]
            # Nobody waits twice for the same network.
            assert folder + "/network.keras" not in made
            made.add(folder + "/network.keras")
            assert "/somewhere" not in command
        assert words[4] == name


def test_a_seed_of_its_own_is_told_of_the_last_network_only() -> None:
    name = "emotion_student_taught"
    *earlier, last = training_commands(load(name), name, DATA, seed=99)
    assert last.startswith(f"python -m training distill {name} --data data.zip")
    assert last.endswith("--seed 99")
    assert earlier
    assert not any("--seed" in command for command in earlier)


def test_the_recipes_behind_a_mean_are_those_of_its_parts_and_of_all_before() -> None:
    recipe = load("emotion_student_average")
    assert isinstance(recipe, EmotionRecipe)
    before = ["emotion_student_taught", "emotion_student_longer", "emotion_student_untaught"]
    for name in [*recipe.average_of, *before]:
        assert load(name) in learned_by(recipe)
    # The mean itself learned nothing.
    assert recipe not in learned_by(recipe)


def test_a_recipe_that_learns_without_labels_says_where_the_faces_are() -> None:
    name = "emotion_student_steady"
    *_, last = training_commands(load(name), name, DATA)
    assert "--unlabelled wider_dev.zip" in last
