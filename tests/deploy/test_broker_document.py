"""The commands of docs/broker.md, from nothing to a device whose counts are in a store."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from dashboard.store import Store
from deploy.mosquitto_files import SHIPPED
from edge_agent.config import validate
from tests.edge_agent.support import START
from tests.support import PATIENCE_SECONDS, REPOSITORY, await_true, debian_program, free_port

DOCUMENT = (REPOSITORY / "docs" / "broker.md").read_text()


def section(title: str) -> str:
    return DOCUMENT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


@contextmanager
def running(command: str, folder: Path, environment: dict[str, str]) -> Iterator[None]:
    log = (folder / "processes.log").open("a")
    process = subprocess.Popen(
        shlex.split(command), cwd=folder, env=environment, stdout=log, stderr=log
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)
        log.close()


@pytest.mark.mosquitto
def test_the_commands_to_try_it_lead_to_counts_in_a_store(tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(REPOSITORY / ".venv")
    path = f"{Path(debian_program('mosquitto')).parent}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(REPOSITORY)}
    text = section("Try it on this machine")
    for port in ("8883", "8884"):
        text = text.replace(port, str(free_port()))
    prepare, broker, recorder, agent = re.findall(r"```sh\n(.*?)```", text, re.S)
    (settings,) = re.findall(r"```yaml\n(.*?)```", text, re.S)
    validate(yaml.safe_load(settings), name="docs/broker.md")
    (tmp_path / "room-101.yaml").write_text(settings)

    subprocess.run(
        ["bash", "-e"], input=prepare, text=True, cwd=tmp_path, env=environment, check=True
    )
    with (
        running(broker, tmp_path, environment),
        running(recorder, tmp_path, environment),
        running(agent, tmp_path, environment),
    ):
        database = tmp_path / "data" / "counts.db"
        await_true(database.exists)
        store = Store(f"sqlite:///{database}")
        try:
            await_true(lambda: store.windows("my-school", "room-101", START))
        finally:
            store.close()


def test_the_limits_and_names_it_tells_are_those_of_the_files() -> None:
    config = (SHIPPED / "mosquitto.conf").read_text()
    acl = (SHIPPED / "acl").read_text()
    for name, value in re.findall(r"^(?:max|message|memory|autosave)_(\w+) (\d+)$", config, re.M):
        shown = {"1000000000": "10^9", "2500000000": "2.5 GB"}.get(value, f"{int(value):,}")
        assert name == "qos" or shown in DOCUMENT, name
    for user in re.findall(r"^user (\S+)$", acl, re.M):
        assert f"`{user}`" in section("Names")
    for installed in set(re.findall(r"/etc/mosquitto/classroom/([\w.]+)", config)):
        assert installed in section("Install it"), installed
