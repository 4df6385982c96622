"""The installer on Debian trixie, from a bundle for it, where the agent counts a video."""

import shutil

import pytest

from deploy.device.bundle import make_bundle
from deploy.device.lock import TARGETS
from tests.debian_tree import CACHE, copied, debian
from tests.edge_agent.support import printed
from tests.sample_video import write_sample_video

pytestmark = [pytest.mark.machine, pytest.mark.long]
PACKAGES = ("python3", "python3-venv", "ca-certificates", "systemd")
PYTHON = "/opt/edge-agent/current/bin/python"
CONFIG = "/etc/edge-agent/config.yaml"
AGENT = ("setpriv", "--reuid=edge-agent", "--regid=edge-agent", "--init-groups", "env", "-C", "/")


def test_it_installs_counts_and_can_update_itself() -> None:
    target = next(t for t in TARGETS if (t.suite, t.machine) == ("trixie", "x86_64"))
    bundle = CACHE / "bundle-trixie-amd64"
    make_bundle(bundle, [target])
    system = debian("amd64", PACKAGES, suite="trixie")
    with copied(system, CACHE / "installing-trixie") as tree:
        shutil.copytree(bundle, tree.root / "bundle")
        write_sample_video(tree.root / "srv" / "lesson.avi", seconds=6.0)
        print(tree.run("/bundle/install.sh", "--purpose", "A trial").stdout)
        assert tree.run("/bundle/install.sh").stdout.count("as it was") == 3
        run = (*AGENT, PYTHON, "-m", "edge_agent", "run", "--config", CONFIG)
        told = tree.run(*run, "--source", "/srv/lesson.avi", "--print", "--fast").stdout
        windows = [content for kind, content in printed(told) if kind == "counts"]
        assert sum(window["faces"] or 0 for window in windows) > 0
        assert tree.run(PYTHON, "-m", "deploy.updates.client", "--version").stdout
        # The updater's unit does so at its first start.
        tree.run("ln", "-sT", "/opt/edge-agent/current", "/opt/edge-agent/updater")
        for unit in ("edge-agent.service", "edge-agent-update.service", "edge-agent-update.timer"):
            verified = tree.run("systemd-analyze", "verify", "--man=no", unit, check=False)
            assert unit not in verified.stderr
        tree.run("/bundle/install.sh", "--uninstall", "--purge")
        assert not (tree.root / "opt/edge-agent").exists()
