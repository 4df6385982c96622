"""The Debian package on a Debian: installed twice, upgraded, removed, purged."""

import shutil
from collections.abc import Iterator

import pytest

from deploy.device.debian import make_package
from tests.debian_tree import CACHE, Tree, copied, debian
from tests.machine.image import PACKAGES, TARGET

CONFIG = "/etc/edge-agent/config.yaml"

pytestmark = [pytest.mark.machine, pytest.mark.long]


@pytest.fixture
def computer() -> Iterator[Tree]:
    package = make_package(CACHE / "deb", TARGET, "amd64")
    system = debian("amd64", PACKAGES)
    with copied(system, CACHE / "installing-package") as tree:
        shutil.copy(package, tree.root / "edge-agent.deb")
        yield tree


def test_it_installs_keeps_the_configuration_and_is_purged(computer: Tree) -> None:
    def there(path: str) -> bool:
        return (computer.root / path).is_symlink() or (computer.root / path).exists()

    noninteractive = {"DEBIAN_FRONTEND": "noninteractive"}
    print(computer.run("dpkg", "--install", "/edge-agent.deb", **noninteractive).stdout)
    assert there("etc/systemd/system/multi-user.target.wants/edge-agent.service")
    assert computer.run("stat", "-c", "%U:%G %a", CONFIG).stdout == "root:edge-agent 640\n"
    python = "/opt/edge-agent/current/bin/python"
    assert "edge_agent" in computer.run(python, "-m", "edge_agent", "--version").stdout
    file = computer.root / CONFIG[1:]
    file.write_text(file.read_text().replace('purpose: ""', "purpose: A trial"))
    again = computer.run("dpkg", "--install", "/edge-agent.deb", **noninteractive).stdout
    assert "as it was" in again
    assert "purpose: A trial" in file.read_text()
    computer.run("dpkg", "--remove", "edge-agent", **noninteractive)
    assert not there("opt/edge-agent")
    assert "purpose: A trial" in file.read_text()
    computer.run("dpkg", "--purge", "edge-agent", **noninteractive)
    for path in ("etc/edge-agent", "var/lib/edge-agent", "usr/lib/edge-agent"):
        assert not there(path), path
    assert not there("etc/systemd/system/multi-user.target.wants/edge-agent.service")
    assert computer.run("getent", "passwd", "edge-agent", check=False).returncode == 2
