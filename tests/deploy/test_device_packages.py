"""What a device installs: the lock, the document about it, and the Debian package."""

import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from deploy.device import lock
from deploy.device.debian import pack
from deploy.device.dependencies import DOCUMENT, LIMIT_MB
from tests.support import REPOSITORY, debian_program


def normal(name: str) -> str:
    return re.sub("[-_.]+", "-", name).lower()


def test_the_lock_has_all_that_a_device_needs() -> None:
    names = {name for name, _ in lock.locked()}
    for requirement in lock.direct_requirements():
        assert normal(re.split("[<>=[]", requirement)[0]) in names, requirement


@pytest.mark.parametrize("target", lock.TARGETS, ids=lambda target: "-".join(target))
def test_every_system_gets_one_version_of_each(target: lock.Target) -> None:
    lines = [line for line in lock.for_target(target).splitlines() if "==" in line]
    names = [line.split("==")[0] for line in lines]
    assert sorted(names) == sorted({name for name, _ in lock.locked()})
    assert "python_version" not in "".join(lines)


def test_bookworms_picamera2_finds_its_numpy() -> None:
    bookworm = lock.for_target(lock.TARGETS[0])
    assert re.search(r"^numpy==1\.", bookworm, re.M)


def test_the_document_is_that_of_the_lock() -> None:
    text = DOCUMENT.read_text()
    hashes = set(re.findall(r"`([0-9a-f]{64})`", text))
    assert hashes == set().union(*lock.locked().values())
    rows = re.findall(r"^\| ([\w.-]+) \| (\d[\w.]*) \| ([^|]+) \|", text, re.M)
    assert {(normal(name), version) for name, version, _ in rows} == set(lock.locked())
    assert not [name for name, _, licence in rows if licence == "not told"]


def test_a_raspberry_pi_stays_below_the_limit() -> None:
    sizes = re.findall(r"aarch64 \|.*\| (\d+) MB \|$", DOCUMENT.read_text(), re.M)
    assert len(sizes) == 2
    assert max(map(int, sizes)) <= LIMIT_MB


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The Debian package around an empty wheel: what it would hold is not looked into."""
    debian_program("dpkg-deb", package="dpkg")
    bundle = tmp_path / "bundle"
    (bundle / "wheels").mkdir(parents=True)
    wheel = "classroom_emotion_counts-1.2.3-py3-none-any.whl"
    with zipfile.ZipFile(bundle / "wheels" / wheel, "w") as archive:
        archive.writestr("classroom_emotion_counts-1.2.3.dist-info/RECORD", "")
    shutil.copytree(REPOSITORY / "deploy" / "systemd", bundle / "systemd")
    for name in ("deploy/install.sh", "deploy/requirements-agent.txt", "config.yaml"):
        shutil.copy(REPOSITORY / name, bundle)
    return pack(bundle, tmp_path, lock.TARGETS[0], "arm64")


def test_lintian_finds_nothing(package: Path) -> None:
    lintian = debian_program("lintian", package="lintian")
    done = subprocess.run(
        [lintian, "--allow-root", "--fail-on=error,warning", package],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_package_says_what_it_is_for(package: Path) -> None:
    fields = ("Package", "Version", "Architecture", "Depends")
    told = subprocess.run(
        ["dpkg-deb", "--field", package, *fields], capture_output=True, text=True, check=True
    ).stdout
    assert package.name == "edge-agent_1.2.3+deb12_arm64.deb"
    assert "Architecture: arm64" in told
    assert "python3 (>= 3.11), python3 (<< 3.12~), python3-venv" in told
    files = subprocess.run(
        ["dpkg-deb", "--contents", package], capture_output=True, text=True, check=True
    ).stdout
    for path in ("lib/systemd/system/edge-agent.service", "usr/lib/edge-agent/install.sh"):
        assert f" ./{path}\n" in files
    # The configuration is a school's own; a release is made on the device.
    assert "./etc" not in files and "./opt" not in files
