"""The documented path, in small: train by a recipe, go on after an end, release, run."""

import csv
import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from converter.calibration import chosen
from edge_agent.emotion_classifier import EmotionClassifier
from edge_agent.errors import ModelError
from edge_agent.face_detector import FaceDetector
from tests.support import PATIENCE_SECONDS, REPOSITORY, await_true
from tests.training.datasets import add_a_copy, fer2013_zip, ferplus_csv, wider_face_zip
from training import fer2013

pytest.importorskip("keras", reason="training needs Keras: install the extra 'training'")
pytest.importorskip("tensorflow", reason="converting needs TensorFlow: install 'training'")

_COMMON = {
    "epochs": 2,
    "learning_rate": 0.003,
    "warmup_epochs": 1,
    "weight_decay": 0.02,
    "ema_momentum": 0.9,
    "precision": "float32",
    "seed": 1,
}


def _run(program: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", program, *map(str, arguments)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )


def _recipe(folder: Path, **values: object) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump({**_COMMON, **values}))
    return path


def test_a_classifier_from_recipe_to_the_agent(tmp_path: Path) -> None:
    data = fer2013_zip(tmp_path / "fer.zip")
    add_a_copy(data)
    recipe = _recipe(
        tmp_path,
        task="emotion_classifier",
        family="resnet",
        options={"widths": [16, 16], "blocks": [1, 1]},
        batch_size=16,
        label_smoothing=0.1,
    )
    run = tmp_path / "run"
    done = _run("training", "train", recipe, "--data", data, "--out", run)
    assert done.returncode == 0, done.stderr
    with (run / "log.csv").open() as log:
        epochs = [(row["epoch"], row["public_test_accuracy"]) for row in csv.DictReader(log)]
    assert [epoch for epoch, _ in epochs] == ["0", "1"]
    assert all(0 <= float(accuracy) <= 1 for _, accuracy in epochs)

    released, pictures = tmp_path / "models", tmp_path / "pictures.csv"
    pictures.write_text(chosen(fer2013.load(data, "training"), number=20, seed=0))
    done = _run(
        *("converter", "release", recipe, "--network", run / "network.keras"),
        *("--data", data, "--out", released, "--calibration", pictures),
    )
    assert done.returncode == 0, done.stderr
    model = released / "emotion_classifier.tflite"
    card = json.loads(model.with_suffix(".json").read_text())
    assert card["input"]["shape"] == [1, 48, 48, 1]
    assert card["input"]["dtype"] == "uint8"
    assert str(tmp_path) not in card["command"]
    assert sorted(path.name for path in released.iterdir()) == [
        "emotion_classifier.json",
        "emotion_classifier.tflite",
    ]
    probabilities = EmotionClassifier(model).predict(np.zeros((3, 48, 48), np.uint8))
    assert probabilities.sum(axis=1) == pytest.approx(1)

    done = _run("training", "evaluate", "--model", model, "--data", data, "--json")
    assert (
        json.loads(done.stdout)["accuracy"] == (card["measured"]["fer2013_public_test"]["accuracy"])
    )
    # The copy of a learned picture is asked for among all, and not among the new faces.
    for split in ("public_test", "private_test"):
        assert card["measured"][f"fer2013_{split}"]["pictures"] == 43
        assert card["measured"][f"fer2013_{split}_new_faces"]["pictures"] == 42
    done = _run(
        *("training", "evaluate", "--model", model, "--data", data, "--json"),
        *("--split", "private_test", "--new-faces"),
    )
    assert json.loads(done.stdout) == card["measured"]["fer2013_private_test_new_faces"]
    done = _run("training", "evaluate", "--data", data, "--split", "training", "--new-faces")
    assert done.returncode == 2
    assert "expected --new-faces with --split public_test or private_test" in done.stderr

    model.write_bytes(model.read_bytes() + b"\0")
    with pytest.raises(ModelError, match="SHA-256"):
        EmotionClassifier(model)


def test_a_classifier_that_learned_from_the_taggers_is_released_by_what_they_saw(
    tmp_path: Path,
) -> None:
    from training.models import EMOTION_MODELS

    options = {"widths": [4, 4], "convolutions": 1}
    recipe = _recipe(
        tmp_path,
        task="emotion_classifier",
        family="cnn",
        options=options,
        batch_size=16,
        label_smoothing=0.0,
        ferplus_weight=1.0,
    )
    network = tmp_path / "network.keras"
    EMOTION_MODELS["cnn"](**options).save(network)
    data, released = fer2013_zip(tmp_path / "fer.zip"), tmp_path / "models"
    pictures = tmp_path / "pictures.csv"
    pictures.write_text(chosen(fer2013.load(data, "training"), number=20, seed=0))
    words = ["release", recipe, "--network", network, "--data", data, "--out", released]
    words += ["--name", "people", "--calibration", pictures]

    done = _run("converter", *words)
    assert done.returncode == 2
    assert "expected --ferplus, FER+'s votes" in done.stderr.splitlines()[-1]
    assert not list(released.iterdir())

    done = _run("converter", *words, "--ferplus", ferplus_csv(tmp_path / "votes.csv"))
    assert done.returncode == 0, done.stderr
    card = json.loads((released / "people.json").read_text())
    assert "FER+'s votes for 100% of each answer" in card["data"]
    # The errors that the lesson's report reckons with are those by the taggers' majorities.
    assert np.sum(card["confusion"], axis=1).tolist() == [6] * 7
    measured = card["measured"]
    assert measured["fer2013_private_test"]["ferplus_7"]["pictures"] == 42
    by_taggers = measured["fer2013_private_test_new_faces_by_taggers"]
    assert np.sum(by_taggers["confusion"], axis=1).tolist() == [6] * 7


def test_one_command_trains_all_that_a_network_needs_and_goes_on_where_it_was_ended(
    tmp_path: Path,
) -> None:
    small: dict[str, object] = {
        "task": "emotion_classifier",
        "family": "resnet",
        "options": {"widths": [16, 16], "blocks": [1, 1]},
        "batch_size": 16,
        "label_smoothing": 0.1,
    }
    first, taught, mean = (tmp_path / f"{name}.yaml" for name in ("first", "taught", "mean"))
    _recipe(tmp_path, **small).rename(first)
    distillation = {"teachers": [str(first)], "temperature": 2.0, "weight": 0.5}
    _recipe(
        tmp_path, **small, starts_from=str(first), ferplus_weight=0.5, distillation=distillation
    ).rename(taught)
    _recipe(tmp_path, **small, average_of=[str(first), str(taught)]).rename(mean)
    runs = tmp_path / "runs"
    arguments = ["all", mean, "--data", fer2013_zip(tmp_path / "fer.zip"), "--out", runs]
    arguments += ["--ferplus", ferplus_csv(tmp_path / "votes.csv")]

    words = [sys.executable, "-m", "training", *map(str, arguments)]
    with subprocess.Popen(words, cwd=REPOSITORY, stderr=subprocess.PIPE) as ended:
        said = runs / "first" / "terminal.txt"
        await_true(said.exists)  # just when a training is being started
        ended.terminate()
        assert ended.wait(PATIENCE_SECONDS) == 128 + signal.SIGTERM
    # Nothing goes on behind its back, in the folder that the next call writes to.
    assert not _processes_with(str(runs))

    done = _run("training", *arguments)
    assert done.returncode == 0, done.stderr
    assert [line.split("/")[-1] for line in done.stdout.splitlines()] == [
        "first: finished",
        "taught: finished",
        "mean: finished",
    ]
    networks = [runs / name / "network.keras" for name in ("first", "taught", "mean")]
    written = [network.stat().st_mtime_ns for network in networks]
    # Nothing is left to do: not even the first, were it lost.
    networks[0].unlink()
    done = _run("training", *arguments)
    assert done.stdout == f"{runs}/mean: finished\n"
    assert [network.stat().st_mtime_ns for network in networks[1:]] == written[1:]


def _processes_with(word: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if word in command:
            found.append(command)
    return found


def test_a_detector_from_recipe_to_the_agent(tmp_path: Path) -> None:
    data = wider_face_zip(tmp_path / "wider.zip")
    recipe = _recipe(
        tmp_path,
        task="face_detector",
        options={
            "stem_widths": [8, 16],
            "widths": [16, 16, 16],
            "blocks": [1, 1, 1],
            "neck_width": 16,
        },
        input_size=96,
        batch_size=4,
        face_share=0.5,
        hardships={
            **dict.fromkeys(("turned_share", "covered_share", "shadow_share", "smear_share"), 0.5),
            "turned_degrees": 30,
            "backdrop": True,
            "clean_epochs": 1,
        },
    )
    run = tmp_path / "run"
    done = _run("training", "train", recipe, "--data", data, "--out", run)
    assert done.returncode == 0, done.stderr
    released = tmp_path / "models"
    done = _run(
        *("converter", "release", recipe, "--network", run / "network.keras"),
        *("--data", data, "--out", released),
    )
    assert done.returncode == 0, done.stderr
    model = released / "face_detector.tflite"
    card = json.loads(model.with_suffix(".json").read_text())
    detector = FaceDetector(model)
    assert detector.score_threshold == card["score_threshold"]
    faces = detector.detect(np.full((90, 160, 3), 128, np.uint8))
    assert faces.boxes_xyxy.shape == (len(faces), 4)
    assert faces.frontality is None  # nobody taught it that

    _the_released_file_can_be_trained_on(recipe, run / "network.keras", model)
    _it_can_be_taught_a_further_output(recipe, run / "network.keras", model)
    _it_goes_on_with_what_it_gets_wrong(recipe, run / "network.keras", data)
    figures = card["measured"]["wider_face_validation_at_640"]
    assert set(figures["average_precision_in_float32"]) == set(figures["by_min_height"])
    assert card["measured"]["recall_by_group"]["pose"]["typical"]["faces"] == 6

    before = model.read_bytes()
    done = _run("converter", "measure", "--data", data, "--out", released)
    assert done.returncode == 0, done.stderr
    assert model.read_bytes() == before
    again = json.loads(model.with_suffix(".json").read_text())
    assert again.pop("command") == (
        card.pop("command") + " && python -m converter measure --data wider.zip --out models"
    )
    assert again == card


def _the_released_file_can_be_trained_on(recipe: Path, network: Path, model: Path) -> None:
    """Where nobody kept the float network, its answers come back from the int8 file."""
    import keras

    from training.face_detector.network import face_detector
    from training.released_weights import take_released_weights

    pictures = np.random.default_rng(0).integers(0, 256, (4, 96, 96, 3)).astype(np.float32)
    again = face_detector(**yaml.safe_load(recipe.read_text())["options"])
    take_released_weights(again, model, [pictures])
    wanted = keras.models.load_model(network, compile=False)(pictures, training=False)
    # Also with the batch's own statistics, as training goes on with.
    for training in (False, True):
        answers = again(pictures, training=training)
        for name, values in wanted.items():
            error = np.abs(np.asarray(answers[name]) - np.asarray(values)).mean()
            assert error < 0.1 * np.abs(np.asarray(values)).mean() + 0.05, name


def _it_goes_on_with_what_it_gets_wrong(recipe: Path, network: Path, data: Path) -> None:
    """Crops around decoys, and around faces of the people whom a recipe names."""
    folder = recipe.parent
    people = folder / "people.csv"
    rows = [f"0--Discs/0_Discs_{number}.jpg,1,Female,Senior,VI" for number in range(15)]
    people.write_text(
        "\n".join(["image,face_index,perceived_gender,perceived_age,perceived_skin", *rows])
    )
    harder = folder / "harder.yaml"
    values = {
        **yaml.safe_load(recipe.read_text()),
        **{
            "starts_from": str(recipe),
            "hardships": None,
            "decoy_share": 0.3,
            "overlooked_share": 0.5,
        },
        "overlooked_groups": {"perceived_skin": ["VI"]},
    }
    harder.write_text(yaml.safe_dump(values))
    command = ("training", "train", harder, "--data", data, "--start", network)
    done = _run(*command, "--out", folder / "harder", "--demographics", people)
    assert done.returncode == 0, done.stderr
    assert (folder / "harder" / "network.keras").exists()

    people.write_text(people.read_text().replace(",VI", ",I"))
    done = _run(*command, "--out", folder / "nobody", "--demographics", people)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "of {'perceived_skin': ('VI',)}, in the training pictures; got none" in done.stderr


def _it_can_be_taught_a_further_output(recipe: Path, network: Path, model: Path) -> None:
    """The new output begins anew; the others answer as before, however the weights were kept."""
    from training.face_detector.network import face_detector
    from training.start import start_from

    pictures = np.random.default_rng(0).integers(0, 256, (4, 96, 96, 3)).astype(np.float32)
    options = yaml.safe_load(recipe.read_text())["options"]
    for start in (network, model):
        before, more = face_detector(**options), face_detector(**options, frontality=True)
        start_from(before, start, [pictures])
        start_from(more, start, [pictures])
        answers = more.predict(pictures, verbose=0)
        for name, values in before.predict(pictures, verbose=0).items():
            np.testing.assert_allclose(answers.pop(name), values, atol=1e-4)
        assert sorted(answers) == ["frontality_16", "frontality_32", "frontality_8"]


@pytest.mark.parametrize(
    ("program", "arguments", "sentence"),
    [
        ("training", ("train", "absent", "--data", "x", "--out", "y"), "expected a recipe"),
        (
            "training",
            ("train", "emotion_resnet10", "--data", "absent.zip", "--out", "{tmp}/run"),
            "expected FER-2013",
        ),
        (
            "training",
            ("train", "detector_first", "--data", "x", "--out", "{tmp}/run", "--teacher", "y"),
            "expected no --teacher",
        ),
        (
            "training",
            ("evaluate-detector", "--video", "absent.mp4"),
            "expected --truth",
        ),
        (
            "converter",
            ("release", "absent", "--network", "x", "--data", "y"),
            "expected a recipe",
        ),
        (
            "converter",
            ("release", "detector_deep", "--network", "x", "--data", "y", "--ferplus", "z"),
            "expected --ferplus for a classifier only",
        ),
        (
            "converter",
            ("release", "{tmp}/wrong.yaml", "--network", "x", "--data", "y"),
            "epochs",
        ),
        (
            "converter",
            (
                "release",
                "emotion_resnet10",
                "--network",
                "{tmp}/no.keras",
                "--data",
                "{tmp}/fer.zip",
            ),
            "expected a trained .keras network, got a file that is none, or was cut short",
        ),
    ],
)
def test_bad_input_gets_one_sentence(
    tmp_path: Path, program: str, arguments: tuple[str, ...], sentence: str
) -> None:
    _recipe(tmp_path, task="face_detector", epochs="many").rename(tmp_path / "wrong.yaml")
    fer2013_zip(tmp_path / "fer.zip", each=1)
    (tmp_path / "no.keras").write_text("no network")
    done = _run(program, *(word.format(tmp=tmp_path) for word in arguments))
    assert done.returncode == 2
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(f"{program}: ")
    assert sentence in last
    assert "Traceback" not in done.stderr
