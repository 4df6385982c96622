"""Whatever is wrong gets one sentence, and no half-written file is ever left under its name."""

import resource
import signal
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="converting needs Keras: install 'training'")
pytest.importorskip("tensorflow", reason="converting needs TensorFlow: install 'training'")

from converter.__main__ import main  # noqa: E402
from converter.calibration import CalibrationError, chosen, faces  # noqa: E402
from converter.files import OutputError, write_whole  # noqa: E402
from tests.support import PATIENCE_SECONDS, REPOSITORY, await_true  # noqa: E402
from tests.training.datasets import fer2013_zip  # noqa: E402
from training import fer2013  # noqa: E402
from training.models import EMOTION_MODELS  # noqa: E402


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fer2013_zip(tmp_path_factory.mktemp("data") / "fer.zip", each=2)


@pytest.fixture(scope="module")
def pictures(data: Path) -> Path:
    listed = data.with_name("pictures.csv")
    listed.write_text(chosen(fer2013.load(data, "training"), number=4, seed=0))
    return listed


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    network = tmp_path_factory.mktemp("networks") / "tiny.keras"
    EMOTION_MODELS["cnn"](widths=[8, 8], convolutions=1).save(network)
    return network


@keras.saving.register_keras_serializable(package="tests")
class Unknown(keras.layers.Layer):  # type: ignore[misc,name-defined]
    """Known while it is saved, and not to whoever loads it."""

    def call(self, x: object) -> object:
        return x


def saved(folder: Path, build: str) -> Path:
    """A network that the converter must refuse."""
    pixels = keras.Input((48, 48, 1))
    x = keras.layers.Flatten()(pixels)
    if build == "unknown layer":
        x = Unknown()(x)
    network = keras.Model(pixels, keras.layers.Dense(8 if build == "eight labels" else 7)(x))
    path = folder / f"{build.replace(' ', '_')}.keras"
    network.save(path)
    if build == "unknown layer":
        _rename_inside(path, "tests>Unknown", "tests>Lost")
    return path


def _rename_inside(path: Path, old: str, new: str) -> None:
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    content["config.json"] = content["config.json"].replace(old.encode(), new.encode())
    content["config.json"] = content["config.json"].replace(b'"Unknown"', b'"Lost"')
    with zipfile.ZipFile(path, "w") as archive:
        for name, value in content.items():
            archive.writestr(name, value)


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("no network", "expected a trained .keras network, got a file that is none, or was cut"),
        ("missing", "expected a trained .keras network, got no such file"),
        ("unknown layer", "expected a trained .keras network of known layers, got: "),
        ("eight labels", "expected an emotion classifier, (48, 48, 1) pixels in and logits of"),
        ("empty calibration", "expected at least one picture, got none"),
        ("strange calibration", "got 1 others, the first happy/Training_77"),
        ("calibration of another kind", "expected CSV with the columns emotion,picture"),
        ("wrong labels", "expected a folder named after one of"),
        ("batch", "expected --batch of at least 1, got 0"),
        ("twice", "expected networks of different names, got tiny, tiny"),
    ],
)
def test_convert_refuses_in_one_sentence(
    what: str,
    sentence: str,
    data: Path,
    pictures: Path,
    tiny: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    networks, options = [tiny], ["--batch", "1"]
    if what == "no network":
        networks = [tmp_path / "text.keras"]
        networks[0].write_text("not a network")
    elif what == "missing":
        networks = [tmp_path / "missing.keras"]
    elif what in ("unknown layer", "eight labels"):
        networks = [saved(tmp_path, what)]
    elif "calibration" in what:
        rows = {"empty": "", "strange": "happy,Training_77\n", "calibration": None}
        row = rows[what.split()[0]]
        pictures = tmp_path / "pictures.csv"
        pictures.write_text("name\nx\n" if row is None else f"emotion,picture\n{row}")
    elif what == "wrong labels":
        data = tmp_path / "wrong.zip"
        with zipfile.ZipFile(fer2013_zip(tmp_path / "right.zip", each=1)) as right:
            picture = right.read("train/happy/Training_0.png")
        with zipfile.ZipFile(data, "w") as archive:
            archive.writestr("train/bored/Training_0.png", picture)
    elif what == "batch":
        options = ["--batch", "0"]
    else:
        networks = [tiny, tiny]
    out = tmp_path / "out"
    words = ["convert", *map(str, networks), "--data", str(data), "--calibration", str(pictures)]
    assert main([*words, "--out", str(out), *options]) == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.startswith("converter: ")
    assert sentence in last
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["report", "{tmp}/missing.csv"], "expected results of python -m converter benchmark"),
        (["report", "{tmp}/words.csv"], "expected at least one row, got none"),
        (["benchmark", "{tmp}"], "expected networks written by python -m converter convert"),
        (["benchmark", "{tmp}/words.csv"], "expected a TFLite network"),
        (["benchmark", "{tmp}", "--patience", "-1"], "expected --patience of 0 or more seconds"),
        (["verify", "{tiny}", "--data", "{data}", "--variants", "{tmp}"], "found none"),
        (["calibration", "--data", "{data}", "--number", "99", "--out", "{tmp}/l"], "from 1 to 14"),
        (["release", "--network", "{tiny}", "--data", "{data}"], "expected RECIPE and one"),
    ],
)
def test_the_other_commands_refuse_in_one_sentence(
    words: list[str],
    sentence: str,
    data: Path,
    tiny: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "words.csv").write_text("no results\n")
    assert main([word.format(tmp=tmp_path, tiny=tiny, data=data) for word in words]) == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.startswith("converter: ")
    assert sentence in last


def test_a_list_gives_its_pictures_in_its_order(data: Path, pictures: Path) -> None:
    training = fer2013.load(data, "training")
    found = faces(training, pictures)
    assert found.shape == (4, 48, 48, 1)
    order = np.random.default_rng(0).permutation(14)[:4]
    np.testing.assert_array_equal(found[..., 0], training.faces_gray[order])
    with pytest.raises(CalibrationError, match="No such file"):
        faces(training, pictures.with_name("missing.csv"))


def test_a_disk_without_room_leaves_the_earlier_file_whole(tmp_path: Path) -> None:
    file = tmp_path / "network.tflite"
    write_whole(file, b"earlier")
    # The system ends a write in its middle, as a full disk does.
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OutputError, match="expected to write 5 kB, got: File too large"):
            write_whole(file, b"x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert file.read_bytes() == b"earlier"
    assert [path.name for path in tmp_path.iterdir()] == ["network.tflite"]
    with pytest.raises(OutputError, match="expected to write"):
        write_whole(file / "below-a-file", b"")


def test_killed_midway_no_half_file_stands_under_the_name(tmp_path: Path) -> None:
    program = """
        import itertools, sys
        from pathlib import Path
        from converter.files import write_whole
        for number in itertools.count():
            write_whole(Path(sys.argv[1]), bytes([number % 251]) * 3_000_000)
    """
    file = tmp_path / "network.tflite"
    for attempt in range(5):
        writer = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(program), str(file)], cwd=REPOSITORY
        )
        partial = file.with_name(f".{file.name}.partial")
        try:
            # In the middle of a write, of which there are traces.
            await_true(lambda: file.exists() and partial.exists())  # noqa: B023
        finally:
            writer.kill()
            writer.wait(PATIENCE_SECONDS)
        content = file.read_bytes()
        assert len(content) == 3_000_000, attempt
        assert len(set(content)) == 1
        file.unlink()
