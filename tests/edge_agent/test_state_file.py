"""What the agent tells other programs of its machine."""

from pathlib import Path

import pytest

from edge_agent import __version__
from edge_agent.state_file import FILE_NAME, AgentState, StateFile, path_of_service, read
from tests.edge_agent.support import config_file, running_agent, write_video
from tests.support import PATIENCE_SECONDS, await_true

BOOT = "0" * 32


def test_a_service_says_that_it_has_counted_and_that_it_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mosquitto: int
) -> None:
    run, state = tmp_path / "run", tmp_path / "state"
    run.mkdir()
    state.mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(run))
    monkeypatch.setenv("STATE_DIRECTORY", str(state))
    video = write_video(tmp_path / "v.mp4")
    config = config_file(
        tmp_path,
        deployment={"purpose": "a test"},
        mqtt={"port": mosquitto},
        window={"seconds": 1.0},
    )
    with running_agent(
        tmp_path, "--loop", "--source", str(video), "--config", str(config)
    ) as agent:
        await_true(
            lambda: (now := read([run])) is not None and now.proven, patience=5 * PATIENCE_SECONDS
        )
        now = read([run])
        assert now is not None
        assert (now.agent, now.state) == (__version__, "online")
        agent.process.terminate()
        assert agent.process.wait(PATIENCE_SECONDS) == 0
    ended = read([run])
    assert ended is not None
    assert (ended.state, ended.boot_id, ended.counted) == ("offline", now.boot_id, True)
    assert not ended.proven
    assert not (state / FILE_NAME).exists()


def test_an_agent_in_a_terminal_has_nobody_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    assert path_of_service() is None
    StateFile(None, BOOT).counted()


def test_it_is_written_only_when_something_has_changed(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    state_file = StateFile(path, BOOT)
    state_file.counted()
    state_file.delivered()
    path.unlink()
    state_file.counted()
    state_file.delivered()
    assert not path.exists()


def test_the_newest_readable_file_counts(tmp_path: Path) -> None:
    old, new, broken = (tmp_path / name for name in ("old", "new", "broken"))
    for folder in (old, new, broken):
        folder.mkdir()
    StateFile(old / FILE_NAME, BOOT).tell("paused", "command_pause")
    StateFile(new / FILE_NAME, BOOT).tell("online", "started")
    (broken / FILE_NAME).write_text('{"v": 2}')
    assert read([old, new, broken, tmp_path / "none"]) == AgentState(
        agent=__version__,
        boot_id=BOOT,
        state="online",
        reason="started",
        counted=False,
        delivered=False,
    )
    assert read([broken]) is None


def test_a_folder_that_cannot_be_written_does_not_end_the_agent(tmp_path: Path) -> None:
    StateFile(tmp_path / "none" / FILE_NAME, BOOT).tell("online", "started")
