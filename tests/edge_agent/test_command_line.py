"""The program as people run it: help, checks, and one sentence for every mistake."""

import argparse
import json
import os
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from edge_agent import __version__
from edge_agent.__main__ import parser
from edge_agent.config import Settings
from edge_agent.messages import json_schemas
from edge_agent.model_card import RELEASED
from tests.edge_agent.support import config_file, edge_agent, printed, running_agent, write_video
from tests.support import PATIENCE_SECONDS, REPOSITORY, await_true, free_port


def commands() -> dict[str, argparse.ArgumentParser]:
    (action,) = (a for a in parser()._actions if isinstance(a, argparse._SubParsersAction))
    return dict(action.choices)


# Help and the small commands


@pytest.mark.parametrize("command", [None, *commands()])
def test_help_explains_every_option(command: str | None) -> None:
    shown = edge_agent(*([command] if command else []), "--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    explained = commands()[command] if command else parser()
    assert explained.description
    for action in explained._actions:
        if isinstance(action, argparse._SubParsersAction):
            assert [choice.dest for choice in action._choices_actions] == list(action.choices)
            assert all(choice.help for choice in action._choices_actions)
            continue
        assert action.help, f"{action.option_strings} has no help"
        assert all(option in shown.stdout for option in action.option_strings)


def test_the_version_is_that_of_the_package() -> None:
    assert edge_agent("--version").stdout == f"edge_agent {__version__}\n"


def test_no_command_and_an_unknown_option_are_explained() -> None:
    for arguments in ([], ["fly"], ["run", "--fly"]):
        shown = edge_agent(*arguments)
        assert shown.returncode == 2
        assert shown.stderr.splitlines()[-1].startswith("python -m edge_agent")


def test_config_shows_the_settings_in_force(tmp_path: Path) -> None:
    shown = edge_agent("config")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert yaml.safe_load(shown.stdout) == Settings().model_dump(mode="json")
    changed = edge_agent("config", "--config", config_file(tmp_path, window={"seconds": 9.0}))
    assert yaml.safe_load(changed.stdout)["window"] == {"seconds": 9.0}


def test_schemas_are_printed() -> None:
    assert json.loads(edge_agent("schemas").stdout) == json_schemas()


def test_models_names_both_networks() -> None:
    shown = edge_agent("models")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "face_detector.tflite" in shown.stdout
    assert "emotion_classifier.tflite" in shown.stdout


@pytest.mark.parametrize("code", ["import edge_agent.messages", "--help", "schemas", "config"])
def test_what_needs_no_picture_loads_no_vision(code: str) -> None:
    heavy = "cv2", "numpy", "ai_edge_litert", "tflite_runtime", "paho"
    if not code.startswith("import"):
        code = (
            f"from edge_agent.__main__ import main\ntry: main([{code!r}])\nexcept SystemExit: pass"
        )
    code = f"import sys\n{code}\nprint(*(set({heavy!r}) & set(sys.modules)), file=sys.stderr)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert loaded.stderr.split() == []


# Mistakes


def refused(words: str, *arguments: str | Path, before: tuple[str, ...] = ()) -> None:
    """Runs the program, which must say one sentence with these words and nothing else."""
    shown = edge_agent(*arguments, before=before)
    assert shown.returncode == 2, shown
    assert shown.stdout == ""
    (line,) = shown.stderr.splitlines()
    assert line.startswith("edge_agent: ")
    assert words in line


@pytest.fixture
def unprivileged() -> tuple[str, ...]:
    """What makes permissions hold even for root; nothing for others."""
    if os.geteuid() != 0:
        return ()
    program = shutil.which("setpriv")
    if program is None:
        pytest.skip("root may read everything, and setpriv is not installed")
    without = "-dac_override,-dac_read_search"
    return (program, f"--bounding-set={without}", f"--inh-caps={without}")


def test_a_missing_file(tmp_path: Path) -> None:
    refused("No such file", "run", "--print", "--source", tmp_path / "missing.mp4")


def test_a_file_that_is_no_video(tmp_path: Path) -> None:
    file = tmp_path / "notes.mp4"
    file.write_text("not a video\n" * 1000)
    refused("expected a video that can be decoded", "run", "--print", "--source", file)


def test_a_wrong_key(tmp_path: Path) -> None:
    config = config_file(tmp_path, window={"second": 5})
    refused("window.second: no such key; did you mean 'seconds'?", "config", "--config", config)


def test_a_wrong_type(tmp_path: Path) -> None:
    config = config_file(tmp_path, mqtt={"port": "many"})
    refused("mqtt.port: ", "run", "--print", "--source", "sample", "--config", config)


def test_a_network_of_another_shape(tmp_path: Path) -> None:
    config = config_file(tmp_path, detector={"model": str(RELEASED / "emotion_classifier.tflite")})
    refused("×48×48×1", "run", "--print", "--source", "sample", "--config", config)


def test_an_absent_camera() -> None:
    refused("/dev/video99: expected a camera", "run", "--print", "--source", "/dev/video99")


def test_a_configuration_that_is_a_directory(tmp_path: Path) -> None:
    refused("Is a directory", "config", "--config", tmp_path)


def test_a_configuration_without_permission(tmp_path: Path, unprivileged: tuple[str, ...]) -> None:
    config = config_file(tmp_path)
    config.chmod(0)
    refused("Permission denied", "config", "--config", config, before=unprivileged)


def test_a_video_without_permission(tmp_path: Path, unprivileged: tuple[str, ...]) -> None:
    video = write_video(tmp_path / "v.mp4", seconds=0.2)
    video.chmod(0)
    refused("Permission denied", "run", "--print", "--source", video, before=unprivileged)


def test_a_broker_that_cannot_be_reached(tmp_path: Path) -> None:
    config = config_file(tmp_path, mqtt={"port": free_port()})
    video = write_video(tmp_path / "v.mp4", seconds=0.2)
    words = "expected an MQTT broker, got: Connection refused"
    refused(words, "run", "--demo", "--source", video, "--config", config)


def test_a_port_in_use_by_something_else(tmp_path: Path) -> None:
    # It accepts and never answers.
    with socket.create_server(("127.0.0.1", 0)) as other:
        config = config_file(tmp_path, mqtt={"port": other.getsockname()[1]})
        video = write_video(tmp_path / "v.mp4", seconds=0.2)
        words = "expected an MQTT broker, got: no answer"
        refused(words, "run", "--demo", "--source", video, "--config", config)


# The purpose


@pytest.mark.skipif(any(Path("/dev").glob("video*")), reason="this machine has a camera")
def test_a_real_device_without_a_camera_does_not_count_the_sample_scene(tmp_path: Path) -> None:
    config = config_file(tmp_path, deployment={"purpose": "to test"})
    refused("auto: expected a camera, found none", "run", "--config", config)


def test_without_a_purpose_nothing_starts(tmp_path: Path) -> None:
    config = config_file(tmp_path, mqtt={"port": free_port()})
    for purpose in ({}, {"purpose": ""}, {"purpose": "  "}):
        config = config_file(tmp_path, deployment=purpose)
        words = "deployment.purpose: expected a sentence"
        refused(words, "run", "--source", "sample", "--config", config)
        refused("docs/privacy.md", "run", "--source", "sample", "--config", config)


def test_a_demo_keeps_to_this_machine(tmp_path: Path) -> None:
    mqtt = {"host": "broker.example", "ca_file": "ca.pem", "username": "me"}
    config = config_file(tmp_path, mqtt=mqtt)
    words = "mqtt.host: expected a broker on this machine for --demo, got 'broker.example'"
    refused(words, "run", "--demo", "--source", "sample", "--config", config)


def test_with_a_purpose_the_broker_is_asked(tmp_path: Path) -> None:
    config = config_file(
        tmp_path, deployment={"purpose": "A fire drill's safety."}, mqtt={"port": free_port()}
    )
    video = write_video(tmp_path / "v.mp4", seconds=0.2)
    refused("expected an MQTT broker", "run", "--source", video, "--config", config)


# Runs


def test_printing_asks_for_no_purpose_and_writes_only_messages(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mp4", seconds=2.5, rate=10)
    config = config_file(tmp_path, window={"seconds": 1.0})
    shown = edge_agent("run", "--print", "--fast", "--source", video, "--config", config)
    assert shown.returncode == 0
    lines = printed(shown.stdout)
    assert (lines[0][1]["state"], lines[0][1]["reason"]) == ("online", "started")
    assert [content["seq"] for kind, content in lines if kind == "counts"] == [0, 1, 2]
    assert (lines[-1][1]["state"], lines[-1][1]["reason"]) == ("offline", "source_ended")
    (log,) = shown.stderr.splitlines()
    assert log.endswith("source: video file v.mp4")


@pytest.mark.parametrize("end", ["terminate", "interrupt"])
def test_it_can_be_ended_at_any_time(tmp_path: Path, end: str) -> None:
    video = write_video(tmp_path / "v.mp4", seconds=2)
    with running_agent(tmp_path, "--print", "--loop", "--source", video) as agent:
        await_true(lambda: agent.stdout)
        if end == "interrupt":
            agent.process.send_signal(2)
        code = agent.end()
        assert code == 0
        lines = printed(agent.stdout)
    assert lines[-1][1]["reason"] == "stopped"


def test_it_can_be_ended_while_it_waits_for_a_broker(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mp4", seconds=2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        config = config_file(tmp_path, mqtt={"port": silent.getsockname()[1]})
        with running_agent(
            tmp_path, "--demo", "--loop", "--source", video, "--config", config
        ) as agent:
            connection, _ = silent.accept()
            with connection:
                assert connection.recv(1) == b"\x10"
                assert agent.end() == 0
        assert agent.stderr.count("\n") <= 2


def reads_one_line(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdout is not None
    assert process.stdout.readline()
    process.stdout.close()


def full_disk(process: "subprocess.Popen[bytes]") -> None:
    pass


@pytest.mark.parametrize(
    ("reader", "code", "words"),
    [(reads_one_line, 0, ""), (full_disk, 2, "edge_agent: expected to write the output, got: ")],
)
def test_output_that_nobody_takes(
    tmp_path: Path, reader: Callable[["subprocess.Popen[bytes]"], None], code: int, words: str
) -> None:
    video = write_video(tmp_path / "v.mp4", seconds=3)
    config = config_file(tmp_path, window={"seconds": 1.0}, logging={"level": "error"})
    full = Path("/dev/full")
    if reader is full_disk and not (full.exists() and stat.S_ISCHR(full.stat().st_mode)):
        pytest.skip("this machine has no /dev/full")
    with full.open("wb") if reader is full_disk else Path(os.devnull).open("wb") as target:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "edge_agent", "run", "--print", "--fast"),
                *("--source", str(video), "--config", str(config)),
            ],
            cwd=REPOSITORY,
            stdout=target if reader is full_disk else subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        reader(process)
        assert process.stderr is not None
        complaint = process.stderr.read().decode()
        assert process.wait(PATIENCE_SECONDS) == code
        process.stderr.close()
    assert complaint.startswith(words)
    assert complaint.count("\n") == (1 if words else 0)
