"""Many trainings in the right order, and what a budget cuts short."""

import math
import os
from pathlib import Path

import pytest

from training import plan
from training.__main__ import main, parser
from training.commands.options import chosen_recipe
from training.recipe import EmotionRecipe, RecipeError, load, names

SOURCES = {
    name: Path(f"/data/{name}") for name in ("ferplus", "unlabelled", "teacher", "demographics")
}


def _finish(job: plan.Job, *, epochs: int | None = None, of: int | None = None) -> None:
    """Leaves what a training leaves after so many epochs, of as many as it was to have."""
    done = epochs or job.recipe.epochs
    job.folder.mkdir(exist_ok=True)
    (job.folder / "run.json").write_text(
        f'{{"name": "any", "recipe": {{"epochs": {of or done}}}, "pictures": 1, "backend": "b", '
        f'"device": "d", "devices": 1, "epochs": {done}}}'
    )


def test_teachers_come_before_their_students_and_once(tmp_path: Path) -> None:
    queue = plan.jobs(["emotion_resnet18:1,2", "emotion_student:1,2"], tmp_path)
    assert [job.folder.name for job in queue] == [
        "emotion_resnet18",
        "emotion_resnet18-2",
        "emotion_resnet34",
        "emotion_cnn",
        "emotion_student",
        "emotion_student-2",
    ]
    words = queue[-1].command(Path("fer2013.zip"), SOURCES, [])
    assert words[3:7] == ["distill", "emotion_student", "--seed", "2"]
    assert words[7:9] == ["--epochs", str(queue[-1].recipe.epochs)]
    assert words[-4:] == [
        "--teachers",
        *(str(tmp_path / teacher.folder.name / "network.keras") for teacher in queue[:1]),
        *(str(tmp_path / teacher.folder.name / "network.keras") for teacher in queue[2:4]),
    ]


@pytest.mark.parametrize("name", names())
def test_every_recipe_can_be_made_with_all_before_it(tmp_path: Path, name: str) -> None:
    made: set[str] = set()
    for job in plan.jobs([name], tmp_path):
        words = job.command(tmp_path, SOURCES, [])[3:]
        assert {word for word in words if word.endswith("/network.keras")} <= made
        # The command takes them: no option is missing, and none is too many.
        options = parser().parse_args(words)
        if words[0] != "average":
            chosen_recipe(options)
        network = str(job.folder / "network.keras")
        # Nobody waits twice for the same network.
        assert network not in made
        made.add(network)
    assert job.folder == tmp_path / name


def test_what_is_finished_is_not_begun_again_and_a_student_awaits_its_teachers(
    tmp_path: Path,
) -> None:
    queue = plan.jobs(["emotion_student_half"], tmp_path)
    # A training that cannot begin: there is no data.
    data = tmp_path / "absent.zip"
    state = plan.carry_out(queue, data, SOURCES, [], at_once=3, budget_seconds=math.inf)
    assert [state[job.folder] for job in queue] == ["failed"] * 3 + ["waiting"]
    teacher = queue[0].folder
    # Nothing but the sentence that the training itself would have said.
    assert "training: " in (teacher / "terminal.txt").read_text()
    _finish(queue[0])
    state = plan.carry_out(queue[:1], data, SOURCES, [], at_once=2, budget_seconds=math.inf)
    assert list(state.values()) == ["finished"]


def test_a_finished_network_needs_its_teachers_no_more(tmp_path: Path) -> None:
    name = "emotion_half_taught"
    *teachers, student = plan.jobs([name], tmp_path)
    assert teachers
    # After a quick trial in the same folder nothing is finished.
    _finish(student, epochs=1)
    assert not student.is_finished()
    assert plan.jobs([name], tmp_path, epochs=1, is_finished=plan.Job.is_finished)[0].is_finished()
    # A trial that asks for fewer epochs does not take what a longer training has reached so far.
    _finish(student, epochs=1, of=30)
    assert not plan.jobs([name], tmp_path, epochs=1)[-1].is_finished()
    _finish(student)
    for wanted, left in ((name, [name]), ("emotion_half_longer", [name, "emotion_half_longer"])):
        queue = plan.jobs([wanted], tmp_path, is_finished=plan.Job.is_finished)
        found = [job.folder.name for job in queue]
        assert found[-len(left) :] == left
    assert found.count(name) == 1


def test_a_mean_can_be_of_one_recipes_seeds(tmp_path: Path) -> None:
    name = "emotion_student_untaught"
    seed = load(name).seed
    own = tmp_path / "own.yaml"
    own.write_text(
        f"like: {name}\ntask: emotion_classifier\naverage_of: [{name}:{seed}, {name}:99]\n"
    )
    *parts, mean = plan.jobs([str(own)], tmp_path)
    assert [part.folder.name for part in parts] == [name, f"{name}-99"]
    assert [part.recipe.seed for part in parts] == [seed, 99]
    assert mean.command(tmp_path, SOURCES, [])[3:8] == [
        "average",
        str(own),
        "--networks",
        *(str(part.folder / "network.keras") for part in parts),
    ]


def test_a_mean_is_made_again_when_one_of_its_parts_was(tmp_path: Path) -> None:
    *_, mean = plan.jobs(["emotion_student_average"], tmp_path)
    assert isinstance(mean.recipe, EmotionRecipe)
    assert not mean.is_finished()
    networks = [
        folder / "network.keras" for folder in (*map(mean.folder_of, mean.parts), mean.folder)
    ]
    for network in networks:
        network.parent.mkdir()
        network.touch()
    assert mean.is_finished()
    later = networks[-1].stat().st_mtime + 1
    os.utime(networks[1], (later, later))
    assert not mean.is_finished()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["emotion_student:one"], "expected a seed as in emotion_student:2"),
        (["emotion_student_average:1"], "expected no seed"),
        (["emotion_student_untaught", "detector_first"], "the same --data"),
        (["emotion_student_untaught"], "--ferplus, FER+'s votes"),
        (["emotion_half_steady", "--ferplus", "here"], "--unlabelled, WIDER FACE"),
        (["detector_deep"], "--teacher, YuNet's ONNX file"),
        (["detector_first", "--at-once", "0"], "--at-once of at least 1"),
        (["detector_first", "--epochs", "0"], "--epochs of at least 1"),
        (["emotion_student", "--ferplus", "here", "--workers", "2"], "for a detector only"),
        (["detector_first"], "absent.zip: expected a file or a folder"),
        (["emotion_none"], "expected a recipe"),
    ],
)
def test_what_cannot_be_trained_like_this_is_told_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    given = ["--data", str(tmp_path / "absent.zip"), "--out", str(tmp_path / "runs")]
    assert main(["all", *words, *given]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_a_recipe_error_is_raised_for_a_network_that_no_recipe_makes(tmp_path: Path) -> None:
    recipe = tmp_path / "own.yaml"
    recipe.write_text("like: emotion_student_longer\ntask: emotion_classifier\nstarts_from: none\n")
    with pytest.raises(RecipeError, match="expected a recipe"):
        plan.jobs([str(recipe)], tmp_path)
