"""Where Debian's Python has Picamera2, a release sees it, with a NumPy that it was built for."""

import shutil

import pytest

from deploy.device.bundle import make_bundle
from tests.debian_tree import CACHE, copied, debian
from tests.machine.image import BUNDLE, PACKAGES, TARGET

pytestmark = [pytest.mark.machine, pytest.mark.long]
PYTHON = "/opt/edge-agent/current/bin/python"


def test_a_release_sees_picamera2_and_follows_when_it_comes_later() -> None:
    make_bundle(BUNDLE, [TARGET])
    with copied(debian("amd64", PACKAGES), CACHE / "installing-picamera2") as tree:
        shutil.copytree(BUNDLE, tree.root / "bundle")
        first = tree.run("/bundle/install.sh", "--purpose", "A trial").stdout
        assert "no Picamera2 here" in first
        assert tree.run(PYTHON, "-c", "import picamera2", check=False).returncode == 1
        # Debian has none; Raspberry Pi OS has it in this folder.
        module = tree.root / "usr/lib/python3/dist-packages/picamera2"
        module.mkdir()
        (module / "__init__.py").write_text("import numpy\n")
        second = tree.run("/bundle/install.sh").stdout
        assert "Picamera2 is there" in second and "switched" in second
        told = tree.run(PYTHON, "-c", "import picamera2 as p; print(p.numpy.__version__)").stdout
        assert told.startswith("1.")
        assert tree.run(PYTHON, "-m", "edge_agent", "models").stdout
