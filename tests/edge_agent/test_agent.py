"""The joined stages, in one process, printing in place of MQTT."""

import itertools
import json
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_agent import agent as agent_module
from edge_agent import lifecycle
from edge_agent.agent import Agent
from edge_agent.camera import Frame, Source, open_source
from edge_agent.config import Settings, validate
from edge_agent.errors import SourceError
from edge_agent.messages import ROOT
from tests.edge_agent.support import printed, write_video
from tests.support import PATIENCE_SECONDS, await_true, shared_data


def settings(source: Path | str, **sections: Any) -> Settings:
    content = {"camera": {"source": str(source)}, "window": {"seconds": 1.0}}
    return validate(content | sections, name="test")


def test_a_video_becomes_windows_between_online_and_offline(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = write_video(tmp_path / "v.mp4", seconds=2.5, rate=10)
    Agent(settings(video), printing=True, fast=True).run()
    lines = printed(capsys.readouterr().out)
    assert [kind for kind, _ in lines] == ["status", "counts", "counts", "counts", "status"]
    first, last = lines[0][1], lines[-1][1]
    windows = [content for _, content in lines[1:-1]]
    assert (first["state"], first["reason"]) == ("online", "started")
    assert (last["state"], last["reason"]) == ("offline", "source_ended")
    assert first["window_seconds"] == 1.0
    assert {content["boot_id"] for _, content in lines} == {first["boot_id"]}
    assert [window["seq"] for window in windows] == [0, 1, 2]
    assert [window["frames"] for window in windows] == [10, 10, 5]
    assert not any(window["replayed"] for window in windows)
    # Windows follow one another without a gap, on the clock of the video.
    for before, after in itertools.pairwise(windows):
        assert before["window_end"] == after["window_start"]


def test_each_start_has_an_id_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = write_video(tmp_path / "v.mp4", seconds=0.5)
    for _ in range(2):
        Agent(settings(video), printing=True, fast=True).run()
    lines = printed(capsys.readouterr().out)
    assert len({content["boot_id"] for _, content in lines}) == 2


def test_few_people_are_never_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    video = write_video(tmp_path / "v.mp4", seconds=1)
    privacy = {"min_faces": 1000}
    Agent(settings(video, privacy=privacy), printing=True, fast=True).run()
    (window,) = [content for kind, content in printed(capsys.readouterr().out) if kind == "counts"]
    assert window["suppressed"] is True
    assert (window["faces"], window["counts"], window["uncertain"]) == (None, None, None)


def test_real_people_are_only_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    video = shared_data("classroom.mp4")
    Agent(settings(video, window={"seconds": 5.0}), printing=True, fast=True).run()
    out = capsys.readouterr().out
    lines = printed(out)
    assert [content["seq"] for kind, content in lines if kind == "counts"] == list(range(8))
    # Nothing but the messages, none of which holds a list.
    assert all(line.startswith(f'{{"topic": "{ROOT}/') for line in out.splitlines())
    assert not any(isinstance(value, list) for _, content in lines for value in content.values())


def test_the_same_video_gives_the_same_counts(capsys: pytest.CaptureFixture[str]) -> None:
    video = shared_data("classroom.mp4")
    found = []
    for _ in range(2):
        Agent(settings(video, window={"seconds": 2.0}), printing=True, fast=True).run()
        windows = [c for kind, c in printed(capsys.readouterr().out) if kind == "counts"]
        for window in windows:
            for name in ("boot_id", "window_start", "window_end"):
                del window[name]
        found.append(windows)
    assert found[0] == found[1]
    assert len(found[0]) == 18


@pytest.mark.long
def test_judging_the_sure_less_often_changes_no_count(capsys: pytest.CaptureFixture[str]) -> None:
    video = shared_data("classroom.mp4")
    found = []
    for repeat_seconds in (0.0, 1.0):
        classifier = {"repeat_seconds": repeat_seconds}
        sections = {"classifier": classifier, "window": {"seconds": 5.0}}
        Agent(settings(video, **sections), printing=True, fast=True).run()
        lines = printed(capsys.readouterr().out)
        found.append(
            [(c["faces"], c["counts"], c["uncertain"]) for kind, c in lines if kind == "counts"]
        )
    assert found[0] == found[1]


def test_people_of_a_video_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """Those whose faces are 24 px high and more, in a third of a window's frames."""
    frames = [json.loads(line)["faces"] for line in shared_data("classroom.jsonl").open()]
    video = shared_data("classroom.mp4")
    Agent(settings(video, window={"seconds": 5.0}), printing=True, fast=True).run()
    counted = [c["faces"] for kind, c in printed(capsys.readouterr().out) if kind == "counts"]
    errors = []
    for window, number in enumerate(counted):
        part = frames[100 * window : 100 * (window + 1)]
        seen = Counter(face[0] for faces in part for face in faces if face[4] >= 24)
        people = sum(3 * times >= len(part) for times in seen.values())
        errors.append(abs(number - people) / people)
    assert len(errors) == 8
    assert np.mean(errors) <= 0.05


class Scripted:
    """A live source that does what a test says: gives times, breaks, or cannot be opened."""

    def __init__(self, *openings: list[float] | None, then_stop: Agent | None = None) -> None:
        self.openings = list(openings)
        self.closed = 0
        self.agent = then_stop

    def open(self, *_: Any, **__: Any) -> Source:
        if not self.openings:
            assert self.agent is not None
            self.agent.stop()
            raise SourceError("camera: gone")
        times = self.openings.pop(0)
        if times is None:
            raise SourceError("camera: gone")
        return Source("scripted", True, self._frames(times), self._close)

    def _frames(self, times: list[float]) -> Any:
        for seconds in times:
            yield Frame(seconds, np.zeros((48, 64, 3), np.uint8))
        raise SourceError("camera: the camera stopped delivering frames")

    def _close(self) -> None:
        self.closed += 1


def follow(
    monkeypatch: pytest.MonkeyPatch, scripted: Scripted, **sections: Any
) -> tuple[Agent, Scripted]:
    monkeypatch.setattr(agent_module, "open_source", scripted.open)
    monkeypatch.setattr(lifecycle, "_RETRY_SECONDS", (0.01, 0.02))
    # Every frame counts, however quickly they come.
    scripted.agent = Agent(settings("scripted", **sections), printing=True, fast=True)
    scripted.agent.run()
    return scripted.agent, scripted


def test_a_lost_camera_is_told_awaited_and_told_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, scripted = follow(
        monkeypatch, Scripted([10.0, 10.5], None, None, [20.0, 20.5, 21.5], [30.0])
    )
    lines = printed(capsys.readouterr().out)
    told = [(content["reason"] if kind == "status" else content["seq"]) for kind, content in lines]
    assert told == [
        *("started", 0, "camera_lost"),
        *("camera_found", 1, 2, "camera_lost"),
        *("camera_found", 3, "camera_lost"),
        "stopped",
    ]
    frames = [content["frames"] for kind, content in lines if kind == "counts"]
    assert frames == [2, 2, 1, 1]
    assert scripted.closed == 3


def test_where_no_frame_comes_windows_say_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    follow(monkeypatch, Scripted([10.0, 10.2, 13.1]))
    windows = [content for kind, content in printed(capsys.readouterr().out) if kind == "counts"]
    assert [window["seq"] for window in windows] == [0, 1, 2, 3]
    assert [window["frames"] for window in windows] == [2, 0, 0, 1]
    assert all(window["suppressed"] for window in windows)


def test_reports_go_on_while_the_camera_is_lost(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(agent_module, "open_source", Scripted([10.0], *[None] * 10**4).open)
    monkeypatch.setattr(lifecycle, "_RETRY_SECONDS", (30.0, 30.0))
    agent = Agent(settings("scripted", health={"interval_seconds": 1.0}), printing=True)
    thread = threading.Thread(target=agent.run)
    thread.start()
    collected = []

    def reported() -> bool:
        collected.append(capsys.readouterr().out)
        return "".join(collected).count("/health") >= 2

    try:
        await_true(reported)
    finally:
        agent.stop()
        thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()
    lines = printed("".join(collected) + capsys.readouterr().out)
    assert [kind for kind, _ in lines][:3] == ["status", "counts", "status"]
    assert lines[-1][1]["reason"] == "stopped"


def test_a_file_that_loops_is_one_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    video = write_video(tmp_path / "v.mp4", seconds=0.3)
    opened = []
    agent = Agent(settings(video), printing=True, loop=True)

    def counted(*arguments: Any, **named: Any) -> Source:
        opened.append(1)
        if len(opened) == 3:
            agent.stop()
        return open_source(*arguments, **named)

    monkeypatch.setattr(agent_module, "open_source", counted)
    agent.run()
    lines = printed(capsys.readouterr().out)
    states = [content["reason"] for kind, content in lines if kind == "status"]
    assert states == ["started", "stopped"]
    assert [content["seq"] for kind, content in lines if kind == "counts"] == [0, 1]


def test_the_longest_window_is_not_too_long(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    times = [0.1 + 1 / 3, 3601.7, 7203.3]
    follow(monkeypatch, Scripted(times), window={"seconds": 3600.0})
    lines = printed(capsys.readouterr().out)
    assert [kind for kind, _ in lines].count("counts") == 3
