"""The installer on the Debian of a Raspberry Pi, from a folder of wheels, under QEMU."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from deploy.device.bundle import make_bundle
from deploy.device.dependencies import LIMIT_MB
from tests.arm64.machine import PACKAGES, TARGET
from tests.debian_tree import CACHE, Tree, copied, debian
from tests.edge_agent.support import Listener
from tests.releases import sources_of
from tests.sample_video import write_sample_video
from tests.support import free_port, running_mosquitto

pytestmark = [pytest.mark.arm64, pytest.mark.long]
CONFIG = "/etc/edge-agent/config.yaml"
PYTHON = "/opt/edge-agent/current/bin/python"
AGENT = ("setpriv", "--reuid=edge-agent", "--regid=edge-agent", "--init-groups", "env", "-C", "/")
"""Runs what follows as the unit's user."""


@pytest.fixture(scope="module")
def bundle() -> Path:
    folder = CACHE / "bundle-bookworm-arm64"
    make_bundle(folder, [TARGET])
    return folder


@pytest.fixture(scope="module")
def pi(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    """The system before anything is installed, with two bundles: of this release and the next."""
    system = debian("arm64", PACKAGES)
    work = CACHE / "installing-arm64"
    with copied(system, work) as tree:
        shutil.copytree(bundle, tree.root / "bundle")
        shutil.copytree(bundle, tree.root / "next")
        make_next_release(tree.root / "next", tmp_path_factory.mktemp("sources"))
        write_sample_video(tree.root / "srv" / "lesson.avi", seconds=6.0)
        yield tree


def make_next_release(folder: Path, work: Path) -> None:
    """Turns a bundle into one of version 99.0.0."""
    make_bundle(folder, [], sources=sources_of("99.0.0", work / "next"))


def changes(tree: Tree) -> dict[str, tuple[int, int]]:
    """What an installation consists of: path → when it was changed, and its mode."""
    folders = ("opt/edge-agent", "etc/edge-agent", "var/lib/edge-agent", "etc/systemd/system")
    paths = (path for folder in folders for path in (tree.root / folder).rglob("*"))
    return {
        str(path): (path.lstat().st_mtime_ns, path.lstat().st_mode)
        for path in paths
        if not path.is_dir()
    }


def current(tree: Tree) -> str:
    return (tree.root / "opt/edge-agent/current").readlink().name


def test_it_installs_once_and_a_second_run_changes_nothing(pi: Tree) -> None:
    purpose = 'A trial, "safely", of 5 % & more'
    first = pi.run("/bundle/install.sh", "--purpose", purpose, "--device", "room-7")
    print(first.stdout)
    # No systemd runs in a chroot.
    assert "not started: no systemd runs here" in first.stdout
    before = changes(pi)
    second = pi.run("/bundle/install.sh")
    assert changes(pi) == before
    assert second.stdout.count("as it was") == 3
    settings = yaml.safe_load((pi.root / CONFIG[1:]).read_text())
    assert settings["deployment"]["purpose"] == purpose
    assert settings["deployment"]["device"] == "room-7"
    assert settings["mqtt"]["wait_for_broker"] is True
    assert pi.run("stat", "-c", "%U:%G %a", CONFIG).stdout == "root:edge-agent 640\n"
    assert pi.run("stat", "-c", "%U %a", "/var/lib/edge-agent").stdout == "edge-agent 700\n"
    assert pi.run("id", "-nG", "edge-agent").stdout.split() == ["edge-agent", "video"]
    assert pi.run("getent", "passwd", "edge-agent").stdout.strip().endswith("/usr/sbin/nologin")
    assert (pi.root / "etc/systemd/system/multi-user.target.wants/edge-agent.service").is_symlink()


def test_it_is_small(pi: Tree) -> None:
    told = pi.run("du", "-sB", "1000000", "--apparent-size", "/opt/edge-agent").stdout
    megabytes = int(told.split()[0])
    print(f"\nan installed release on arm64: {megabytes} MB")
    assert megabytes <= LIMIT_MB


def test_it_checks_and_counts_to_a_broker_outside(pi: Tree, tmp_path: Path) -> None:
    port = free_port()
    file = pi.root / CONFIG[1:]
    text = file.read_text()
    text = text.replace("source: auto", "source: /srv/lesson.avi").replace(
        "port: 1883", f"port: {port}"
    )
    file.write_text(text.replace("  seconds: 5.0", "  seconds: 2.0"))
    state = "STATE_DIRECTORY=/var/lib/edge-agent"
    with running_mosquitto(tmp_path / "broker", port):
        checked = pi.run(*AGENT, state, PYTHON, "-m", "edge_agent", "check", "--config", CONFIG)
        print(f"\n{checked.stdout}")
        with Listener(port) as listener:
            pi.run(*AGENT, state, PYTHON, "-m", "edge_agent", "run", "--config", CONFIG)
            listener.await_state("offline", "source_ended")
            windows = listener.contents("counts")
    assert [window["device"] for window in windows] == ["room-7"] * len(windows)
    assert sum(window["faces"] or 0 for window in windows) > 0
    assert list((pi.root / "var/lib/edge-agent").glob("*.outbox.db"))


def test_what_is_broken_is_refused_and_the_release_stays(pi: Tree) -> None:
    before = current(pi)
    broken = pi.root / "broken"
    shutil.copytree(pi.root / "next", broken)
    numpy = next(broken.glob("wheels/numpy-*.whl"))
    numpy.write_bytes(numpy.read_bytes()[:-1] + b"?")
    refused = pi.run("/broken/install.sh", "--upgrade", check=False)
    assert refused.returncode == 2
    assert "expected every package of requirements-agent.txt with its hash" in refused.stderr
    assert current(pi) == before
    assert not (pi.root / "opt/edge-agent/releases/99.0.0").exists()
    shutil.rmtree(broken)


def test_a_bundle_for_another_system_is_refused_in_words(pi: Tree) -> None:
    before = current(pi)
    other = pi.root / "other"
    shutil.copytree(pi.root / "next", other)
    numpy = next(other.glob("wheels/numpy-*.whl"))
    numpy.rename(numpy.with_name(numpy.name.replace("cp311", "cp313")))
    refused = pi.run("/other/install.sh", "--upgrade", check=False)
    assert refused.returncode == 2
    assert "make bundle SUITE=bookworm ARCH=arm64" in refused.stderr
    assert current(pi) == before
    shutil.rmtree(other)


def test_an_upgrade_keeps_the_configuration_and_can_be_taken_back(pi: Tree) -> None:
    before, settings = current(pi), (pi.root / CONFIG[1:]).read_text()
    # A run that broke off, before it could say that its folder is complete.
    (pi.root / "opt/edge-agent/releases/99.0.0/bin").mkdir(parents=True)
    print(pi.run("/next/install.sh", "--upgrade").stdout)
    assert current(pi) == "99.0.0"
    version = (PYTHON, "-m", "edge_agent", "--version")
    assert pi.run(*version).stdout == "edge_agent 99.0.0\n"
    assert (pi.root / CONFIG[1:]).read_text() == settings
    print(pi.run("/opt/edge-agent/current/installer/install.sh", "--rollback").stdout)
    assert current(pi) == before
    assert "99.0.0" not in pi.run(*version).stdout
    assert (pi.root / CONFIG[1:]).read_text() == settings


def test_removing_keeps_what_is_the_schools_own_until_it_is_purged(pi: Tree) -> None:
    kept = {path.name for path in (pi.root / "var/lib/edge-agent").iterdir()}
    print(pi.run("/opt/edge-agent/current/installer/install.sh", "--uninstall").stdout)
    assert not (pi.root / "opt/edge-agent").exists()
    assert not (pi.root / "etc/systemd/system/edge-agent.service").exists()
    assert not list((pi.root / "etc/systemd/system").glob("*.wants/edge-agent.service"))
    assert not (pi.root / "etc/systemd/journald.conf.d/edge-agent.conf").exists()
    assert (pi.root / CONFIG[1:]).exists()
    assert {path.name for path in (pi.root / "var/lib/edge-agent").iterdir()} == kept
    pi.run("/bundle/install.sh", "--uninstall", "--purge")
    assert not (pi.root / "etc/edge-agent").exists()
    assert not (pi.root / "var/lib/edge-agent").exists()
    assert pi.run("getent", "passwd", "edge-agent", check=False).returncode == 2
