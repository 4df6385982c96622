"""Many trainings in the right order, and what a budget cuts short."""

from pathlib import Path

import pytest

from training import plan
from training.recipe import RecipeError


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
    words = queue[-1].command(["--data", "fer2013.zip"])
    assert words[3:9] == [*("distill", "emotion_student", "--data"), "fer2013.zip", "--seed", "2"]
    assert words[-4:] == [
        "--teachers",
        *(str(tmp_path / teacher.folder.name / "network.keras") for teacher in queue[:1]),
        *(str(tmp_path / teacher.folder.name / "network.keras") for teacher in queue[2:4]),
    ]


def test_what_is_finished_is_not_begun_again_and_a_student_awaits_its_teachers(
    tmp_path: Path,
) -> None:
    queue = plan.jobs(["emotion_student_half"], tmp_path)
    # A training that cannot begin: there is no data.
    given = ["--data", str(tmp_path / "absent.zip")]
    state = plan.carry_out(queue, given, at_once=3, budget_seconds=120)
    assert [state[job.folder] for job in queue] == ["failed"] * 3 + ["waiting"]
    teacher = queue[0].folder
    # Nothing but the sentence that the training itself would have said.
    assert "training: " in (teacher / "terminal.txt").read_text()
    (teacher / "run.json").write_text(
        '{"name": "emotion_resnet18", "recipe": {"epochs": 2}, "pictures": 1, "backend": "b", '
        '"device": "d", "devices": 1, "epochs": 2}'
    )
    state = plan.carry_out(queue[:1], given, at_once=2, budget_seconds=120)
    assert list(state.values()) == ["finished"]


@pytest.mark.parametrize(
    "text", ["emotion_student:one", "detector_first", "emotion_student_taught"]
)
def test_what_cannot_be_trained_like_this_is_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(RecipeError, match="expected"):
        plan.jobs([text], tmp_path)
