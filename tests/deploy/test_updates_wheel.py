"""A release of this project's real wheel and all that it needs: it installs offline and counts."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.updates.client import environment
from deploy.updates.client.memory import MemoryFolder
from deploy.updates.client.offers import Offers
from deploy.updates.client.settings import UpdateSettings
from edge_agent import __version__
from tests.deploy.updates import Publisher, platform, serving
from tests.edge_agent.support import config_file, write_video
from tests.support import REPOSITORY

pytestmark = pytest.mark.long


def pip(*words: str | Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *words, "--quiet"],
        check=True,
        cwd=REPOSITORY,
    )


def test_the_real_wheels_are_published_fetched_installed_and_count(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    pip("wheel", "--no-deps", "--wheel-dir", wheels, ".")
    (wheel,) = wheels.glob("*.whl")
    publisher = Publisher(tmp_path / "publisher")
    words = ("publish", "--wheels", str(wheels), *platform())
    assert publisher.try_run(*words) == 2, "its dependencies are missing"
    pip("download", "--only-binary", ":all:", "--dest", wheels, f"{wheel}[agent,updates]")
    publisher.run(*words)

    config = config_file(tmp_path, window={"seconds": 1.0}, privacy={"min_faces": 1})
    folder = tmp_path / "release"
    with serving(publisher.repository) as server:
        settings = UpdateSettings(url=server.url, root_file=publisher.root)
        offers = Offers(settings, MemoryFolder(tmp_path / "memory"))
        (release,) = offers.releases()
        fetched = offers.download(release)
    environment.require_fit(fetched)
    environment.build(folder, fetched, like=tmp_path / "none")
    size = sum(file.stat().st_size for file in folder.rglob("*") if not file.is_symlink())
    assert size <= release.installed_bytes
    python = folder / "bin" / "python"
    environment.try_out(python, __version__, config, None)

    video = write_video(tmp_path / "v.mp4", seconds=3.0)
    answer = subprocess.run(
        [
            *(python, "-m", "edge_agent", "run", "--print", "--fast"),
            *("--source", video, "--config", config),
        ],
        cwd="/",
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=True,
    )
    topics = [json.loads(line)["topic"].rpartition("/")[2] for line in answer.stdout.splitlines()]
    assert "counts" in topics
