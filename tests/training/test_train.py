"""A run that is ended goes on as if nothing had been, and a student learns from its teachers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="training needs Keras: install the extra 'training'")
tensorflow = pytest.importorskip(
    "tensorflow", reason="these tests run on TensorFlow: install 'training'"
)

from edge_agent.emotion_classifier import EmotionClassifier, softmax  # noqa: E402
from edge_agent.errors import ModelError  # noqa: E402
from edge_agent.model_card import RELEASED  # noqa: E402
from tests.training.datasets import fer2013_zip, ferplus_csv, wider_face_zip  # noqa: E402
from training.classifier import ClassifierTrainer  # noqa: E402
from training.device_data import Batches  # noqa: E402
from training.distill import Ensemble  # noqa: E402
from training.face_detector.train import train as train_detector  # noqa: E402
from training.log import EpochLog, read_log  # noqa: E402
from training.recipe import DetectorRecipe, EmotionRecipe, RecipeError  # noqa: E402
from training.run_file import read_run  # noqa: E402
from training.train import train  # noqa: E402

RELEASED_CLASSIFIER = RELEASED / "emotion_classifier.tflite"

COMMON: dict[str, Any] = {
    "epochs": 2,
    "learning_rate": 0.01,
    "warmup_epochs": 1,
    "weight_decay": 0.02,
    "ema_momentum": 0.5,
    "precision": "float32",
    "seed": 1,
}


def recipe(**changes: Any) -> EmotionRecipe:
    return EmotionRecipe(
        **{
            "task": "emotion_classifier",
            "family": "cnn",
            "options": {"widths": [4], "convolutions": 1},
            "augmentation": {"small_face_share": 0, "erase_share": 0.5},
            "batch_size": 16,
            "label_smoothing": 0.1,
            **COMMON,
            **changes,
        }
    )


def weights(path: Path) -> list[np.ndarray]:
    found: list[np.ndarray] = keras.models.load_model(path, compile=False).get_weights()
    return found


@contextmanager
def ended_after_an_epoch(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    class EndedError(Exception):
        pass

    def end(log: EpochLog, epoch: int, logs: Any = None) -> None:
        kept(log, epoch, logs)
        if epoch == 0:
            raise EndedError

    kept = EpochLog.on_epoch_end
    with monkeypatch.context() as patched:
        patched.setattr(EpochLog, "on_epoch_end", end)
        with pytest.raises(EndedError):
            yield


def test_a_run_that_was_ended_goes_on_as_if_it_had_not_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = fer2013_zip(tmp_path / "fer.zip")
    whole = train(recipe(), name="tiny", data=data, out=tmp_path / "whole")
    with ended_after_an_epoch(monkeypatch):
        train(recipe(), name="tiny", data=data, out=tmp_path / "ended")
    again = train(recipe(), name="tiny", data=data, out=tmp_path / "ended")

    for ours, theirs in zip(weights(again), weights(whole), strict=True):
        assert ours == pytest.approx(theirs, abs=1e-4)
    rows = read_log(tmp_path / "ended" / "log.csv")
    assert [row["epoch"] for row in rows] == ["0", "1"]
    undisturbed = [float(row["loss"]) for row in read_log(tmp_path / "whole" / "log.csv")]
    assert [float(row["loss"]) for row in rows] == pytest.approx(undisturbed, abs=1e-3)
    run = read_run(again)
    assert run is not None
    assert run.is_finished
    # Backups are for a run that goes on; TensorBoard's files are for people.
    assert list((tmp_path / "whole" / "tensorboard").glob("events*"))
    assert not (tmp_path / "ended" / "backup").exists()

    # A finished run is not begun again, and its folder is no other run's.
    before = again.stat().st_mtime_ns
    assert train(recipe(), name="tiny", data=data, out=tmp_path / "ended") == again
    assert again.stat().st_mtime_ns == before
    with pytest.raises(RecipeError, match="another recipe; choose another --out"):
        train(recipe(seed=2), name="tiny", data=data, out=tmp_path / "ended")


def test_a_detectors_run_goes_on_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    data = wider_face_zip(tmp_path / "wider.zip")
    tiny = DetectorRecipe(
        task="face_detector",
        options={"stem_widths": [8, 8], "widths": [8] * 3, "blocks": [1] * 3, "neck_width": 8},
        input_size=64,
        batch_size=4,
        **COMMON,
    )
    given: dict[str, Any] = {"name": "tiny", "data": data, "limit": 8}
    # Compiling the loss takes twenty seconds a run, and four steps of this network none.
    tensorflow.config.run_functions_eagerly(True)
    request.addfinalizer(lambda: tensorflow.config.run_functions_eagerly(False))
    whole = train_detector(tiny, out=tmp_path / "whole", **given)
    with ended_after_an_epoch(monkeypatch):
        train_detector(tiny, out=tmp_path / "ended", **given)
    again = train_detector(tiny, out=tmp_path / "ended", **given)

    for ours, theirs in zip(weights(again), weights(whole), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-3, abs=1e-4)
    rows = read_log(tmp_path / "ended" / "log.csv")
    assert [row["epoch"] for row in rows] == ["0", "1"]
    with pytest.raises(RecipeError, match="another pictures; choose another --out"):
        train_detector(tiny, out=tmp_path / "ended", **{**given, "limit": 4})


def test_a_student_learns_what_its_teachers_answer(tmp_path: Path) -> None:
    data = fer2013_zip(tmp_path / "fer.zip")
    votes = ferplus_csv(tmp_path / "votes.csv")
    pixels = keras.Input((48, 48, 1))
    # Two teachers who know nothing but one answer, whatever the label says.
    for name in ("one", "two"):
        features = keras.layers.GlobalAveragePooling2D()(pixels)
        always = keras.layers.Dense(7, kernel_initializer="zeros")
        teacher = keras.Model(pixels, always(features))
        always.bias.assign([0, 0, 0, 0, 5, 0, 0])
        teacher.save(tmp_path / f"{name}.keras")
    how = {"teachers": ["one", "two"], "temperature": 2.0, "weight": 1.0}
    path = train(
        recipe(
            distillation=how,
            epochs=6,
            learning_rate=0.1,
            ferplus_weight=0.5,
            mixup=0.2,
            measure_every=6,
        ),
        name="student",
        teachers=[tmp_path / "one.keras", tmp_path / "two.keras"],
        data=data,
        votes=votes,
        out=tmp_path / "student",
    )
    logits = keras.models.load_model(path, compile=False)(np.zeros((1, 48, 48, 1), "float32"))
    assert np.asarray(logits).argmax() == 4
    rows = read_log(tmp_path / "student" / "log.csv")
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])
    # Measured when it was asked for, and at the end.
    assert [bool(row["public_test_accuracy"]) for row in rows] == [False] * 5 + [True]


def test_faces_without_a_label_have_teachers_alone(tmp_path: Path) -> None:
    how = {
        **{"teachers": ["one"], "temperature": 1.0, "weight": 0.5},
        **{"mirrored": True, "unlabelled_pixels": 20},
    }
    pixels = keras.Input((48, 48, 1))
    keras.Model(pixels, keras.layers.Dense(7)(keras.layers.Flatten()(pixels))).save(
        tmp_path / "one.keras"
    )
    given: dict[str, Any] = {
        **{"name": "student", "data": fer2013_zip(tmp_path / "fer.zip"), "out": tmp_path / "run"},
        "teachers": [tmp_path / "one.keras"],
    }
    wider = wider_face_zip(tmp_path / "wider.zip", pictures=10)
    with pytest.raises(RecipeError, match="expected WIDER FACE with --unlabelled, got None"):
        train(recipe(distillation=how), **given)
    alone = recipe(distillation={**how, "unlabelled_pixels": None})
    with pytest.raises(RecipeError, match="expected none with --unlabelled, got"):
        train(alone, unlabelled=wider, **given)
    path = train(recipe(distillation=how, epochs=1), unlabelled=wider, **given)
    made = read_run(path)
    assert made is not None
    # 42 of FER-2013, and two in each of eight training pictures.
    assert made.pictures == 42 + 16


def test_a_face_without_a_label_is_neither_right_nor_wrong_nor_a_loss() -> None:
    indices = keras.Input((), dtype="int32")
    trainer = ClassifierTrainer(indices, indices)
    logits = np.array([[5, 0, 0, 0, 0, 0, 0], [0, 5, 0, 0, 0, 0, 0]], np.float32)
    targets = np.array([[1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0]], np.float32)
    answers = {"logits": logits, "targets": targets}
    assert float(trainer.compute_metrics(None, None, answers)["accuracy"]) == 1
    one = {key: value[:1] for key, value in answers.items()}
    both, alone = (float(trainer.compute_loss(y_pred=some)) for some in (answers, one))
    assert 2 * both == pytest.approx(alone)


def test_teachers_answer_for_a_face_and_its_mirror_image() -> None:
    pixels = keras.Input((48, 48, 1))
    teacher = keras.Model(pixels, keras.layers.Dense(7)(keras.layers.Flatten()(pixels / 255)))
    crops = np.random.default_rng(0).uniform(0, 255, (3, 48, 48, 1)).astype(np.float32)
    mirrored = np.ascontiguousarray(crops[:, :, ::-1])
    one = Ensemble([teacher], 2.0)
    both = np.asarray(Ensemble([teacher], 2.0, mirrored=True)(crops))
    expected = (np.asarray(one(crops)) + np.asarray(one(mirrored))) / 2
    assert both == pytest.approx(expected, abs=1e-6)
    assert not np.allclose(both, np.asarray(one(crops)), atol=1e-3)


def test_a_released_file_teaches_where_nobody_kept_the_float_network(tmp_path: Path) -> None:
    data = fer2013_zip(tmp_path / "fer.zip")
    how = {"teachers": ["emotion_student_taught"], "temperature": 2.0, "weight": 1.0}
    given: dict[str, Any] = {"name": "pupil", "data": data, "out": tmp_path / "pupil"}
    taught = recipe(distillation=how, epochs=1)
    with pytest.raises(RecipeError, match=r"a file for each teacher of the recipe .* got 2 files"):
        train(taught, teachers=[RELEASED_CLASSIFIER] * 2, **given)
    with pytest.raises(RecipeError, match="expected a network with the recipe's options"):
        train(taught, teachers=[RELEASED / "emotion_classifier_half.tflite"], **given)
    path = train(taught, teachers=[RELEASED_CLASSIFIER], **given)
    made = read_run(path)
    assert made is not None
    assert made.teachers == ("emotion_classifier",)


def test_a_run_begins_with_the_answers_of_the_released_file_that_it_starts_from(
    tmp_path: Path,
) -> None:
    # Changed as much as these, crops have other statistics than the pictures they were made from.
    changes = {"small_face_share": 0, "erase_share": 1, "light": 0.8, "noise": 20}
    path = train(
        recipe(family="student", options={}, augmentation=changes, learning_rate=1e-9, epochs=1),
        name="again",
        data=fer2013_zip(tmp_path / "fer.zip", each=60),
        start=RELEASED_CLASSIFIER,
        out=tmp_path / "again",
    )
    faces = np.random.default_rng(1).integers(0, 256, (16, 12, 12)).astype(np.uint8)
    faces = faces.repeat(4, axis=1).repeat(4, axis=2)
    network = keras.models.load_model(path, compile=False)
    answers = softmax(np.asarray(network(faces[..., None].astype(np.float32))))
    released = EmotionClassifier(RELEASED_CLASSIFIER, temperature=1.0).predict(faces)
    assert np.abs(answers - released).mean() < 0.03


def test_recipes_are_given_to_the_command_they_are_for(tmp_path: Path) -> None:
    data = fer2013_zip(tmp_path / "fer.zip", each=1)
    how = {"teachers": ["one"], "temperature": 2.0, "weight": 1.0}
    (tmp_path / "no.keras").write_text("no network")
    given: dict[str, Any] = {"name": "tiny", "data": data, "out": tmp_path / "run"}
    with pytest.raises(RecipeError, match="expected a recipe without distillation"):
        train(recipe(distillation=how), **given)
    with pytest.raises(RecipeError, match="expected a recipe with distillation"):
        train(recipe(), teachers=[tmp_path / "no.keras"], **given)
    with pytest.raises(ModelError, match=r"no\.keras: expected a trained .keras network"):
        train(recipe(distillation=how), teachers=[tmp_path / "no.keras"], **given)
    with pytest.raises(RecipeError, match=r"ferplus_weight is 0\.3: expected FER\+'s votes"):
        train(recipe(ferplus_weight=0.3), **given)


def test_batches_depend_on_seed_and_epoch_alone() -> None:
    batches = Batches(70, 8, seed=3, most_a_call=5)
    assert (batches.steps, batches.steps_a_call, batches.calls) == (8, 4, 2)
    going = batches.from_epoch(0)
    first, second = ([next(going)[0] for _ in range(2)] for _ in range(2))
    assert first[0].shape == (8, 4)
    assert len(np.unique(np.concatenate(first, axis=1))) == 64
    assert not np.array_equal(first[0], second[0])
    assert np.array_equal(next(batches.from_epoch(1))[0], second[0])
    # One step at a time sees the same batches in the same order.
    single = Batches(70, 8, seed=3).from_epoch(0)
    assert np.array_equal(np.stack([next(single)[0] for _ in range(4)], axis=1), first[0])
