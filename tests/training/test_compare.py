"""The pages that engineers read: one network with its curves, and several side by side."""

from pathlib import Path

import cv2
import pytest

keras = pytest.importorskip("keras", reason="training needs Keras: install the extra 'training'")

from edge_agent.model_card import RELEASED  # noqa: E402
from tests.training.datasets import add_a_copy, fer2013_zip, ferplus_csv, wider_face_zip  # noqa: E402
from training.__main__ import main  # noqa: E402
from training.models import EMOTION_MODELS  # noqa: E402

RELEASED_CLASSIFIER = RELEASED / "emotion_classifier.tflite"


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """A network that was never trained, with what a run leaves beside it."""
    path = tmp_path / "tiny" / "network.keras"
    path.parent.mkdir()
    EMOTION_MODELS["cnn"](widths=[4, 4], convolutions=1).save(path)
    path.with_name("log.csv").write_text(
        "epoch,loss,accuracy,public_test_accuracy,seconds\n0,2.0,0.1,,1\n1,1.5,0.3,0.2,2\n"
    )
    path.with_name("run.json").write_text(
        '{"name": "tiny", "recipe": {"family": "cnn", "seed": 1, "epochs": 2}, "pictures": 42, '
        '"backend": "tensorflow", "device": "a processor", "devices": 1, "seconds": 120, '
        '"epochs": 2}'
    )
    return path


def test_a_page_compares_networks_ensembles_and_fers(
    tmp_path: Path, network: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, votes = fer2013_zip(tmp_path / "fer.zip"), ferplus_csv(tmp_path / "votes.csv")
    add_a_copy(data)
    page = tmp_path / "models.md"
    words = ["compare", RELEASED_CLASSIFIER, network, "--data", data, "--ferplus", votes]
    words += ["--wider", wider_face_zip(tmp_path / "wider.zip")]
    words += ["--ensemble", RELEASED_CLASSIFIER, network, "--report", page]
    assert main([str(word) for word in words]) == 0, capsys.readouterr().err
    text = page.read_text()
    row = next(line for line in text.splitlines() if line.startswith("| tiny |"))
    assert "| cnn, float |" in row
    assert "| not opened |" in row
    assert "| 2 min, 1 × a processor |" in row
    assert "| emotion_classifier + tiny | ensemble |" in text
    assert "## PrivateTest, where it was opened" in text
    section = text.split("## Against emotion_classifier, picture by picture")[1].split("##")[0]
    assert "| tiny | +" in section
    assert "| emotion_classifier |" not in section
    new = text.split("## New faces")[1].split("##")[0]
    assert "a\ncopy of 1 of these 43 pictures of PublicTest" in new
    # Copies, and new ones by the labels, the taggers and both; of PrivateTest, too, where it was
    # opened.
    rows = {line.split(" | ")[0]: line for line in new.splitlines()}
    assert rows["| emotion_classifier"].count(" % (") == 7
    assert rows["| tiny"].count(" % (") == 4
    mapped = text.split("## What a network can tell apart")[1].split("##")[0]
    # By FER-2013's labels and by FER+'s taggers, each as it answers and mapped.
    assert next(line for line in mapped.splitlines() if "| tiny |" in line).count(" % (") == 4
    others = text.split("## Faces of other cameras")[1].split("##")[0]
    assert "6 faces of WIDER FACE" in others
    assert "| emotion_classifier + tiny |" in others
    assert str(tmp_path) not in text
    assert cv2.imread(str(page.with_suffix(".png"))) is not None


def test_a_page_shows_one_network_with_the_course_of_its_training(
    tmp_path: Path, network: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, page = fer2013_zip(tmp_path / "fer.zip"), tmp_path / "tiny.md"
    words = ["evaluate", "--model", network, "--data", data, "--report", page]
    assert main([str(word) for word in words]) == 0
    assert "| happy |" in capsys.readouterr().out
    assert "![Confusion, calibration" in page.read_text()
    assert cv2.imread(str(page.with_suffix(".png"))) is not None


def test_what_is_no_classifier_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = fer2013_zip(tmp_path / "fer.zip", each=1)
    (tmp_path / "no.keras").write_text("nothing")
    words = ["evaluate", "--model", tmp_path / "no.keras", "--data", data]
    assert main([str(word) for word in words]) == 2
    assert "no.keras: expected a trained .keras network" in capsys.readouterr().err
    words = ["evaluate", "--model", tmp_path / "no.onnx", "--data", data]
    assert main([str(word) for word in words]) == 2
    assert "no.onnx: expected a network's file, .keras or .tflite" in capsys.readouterr().err
