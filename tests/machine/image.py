"""The disk of a classroom's machine: Debian with systemd, on which the installer has been run."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from deploy.device.bundle import make_bundle
from deploy.device.lock import TARGETS
from tests.debian_tree import CACHE, Tree, copied, debian
from tests.sample_video import write_sample_video

PACKAGES: Final = (
    *("systemd", "systemd-sysv", "udev", "kmod", "python3", "python3-venv", "ca-certificates"),
    *("linux-image-cloud-amd64", "initramfs-tools"),
)
TARGET: Final = next(t for t in TARGETS if (t.suite, t.machine) == ("bookworm", "x86_64"))
_MEGABYTES: Final = 2500
_WRITABLE_MEGABYTES: Final = 128
_IDS: Final = ("--user", "--group")
LOGIN: Final = "/etc/edge-agent/broker"
PURPOSE: Final = "Trial of a whole machine with a drawn scene"
_NETWORK: Final = "[Match]\nName=en*\n[Network]\nDHCP=ipv4\n"
# The kernel's clock counts as synchronised, as on a machine with a time server.
_CLOCK: Final = """\
[Unit]
Description=Trusts the clock
Before=edge-agent.service
[Service]
Type=oneshot
ExecStart=/usr/bin/python3 -c "import ctypes, struct; ctypes.CDLL(None).adjtimex(\
ctypes.create_string_buffer(struct.pack('I4xqqqqI', 0x1c, 0, 0, 0, 0, 0), 256))"
[Install]
WantedBy=multi-user.target
"""
# The only thing that a camera does better: it goes on.
_LOOP: Final = """\
[Service]
ExecStart=
ExecStart=/opt/edge-agent/current/bin/python -m edge_agent run --loop --config \
/etc/edge-agent/config.yaml
"""
_READ_ONLY: Final = """\
/dev/vda / ext4 ro 0 0
/dev/vdb /var/lib/edge-agent ext4 rw,noatime 0 0
tmpfs /tmp tmpfs nosuid,nodev 0 0
tmpfs /var/tmp tmpfs nosuid,nodev 0 0
tmpfs /var/log tmpfs nosuid,nodev 0 0
tmpfs /var/lib/systemd tmpfs nosuid,nodev 0 0
"""


@dataclass(frozen=True)
class Image:
    """What a virtual machine boots from.

    Attributes:
        disk: ext4 without a partition table.
        writable: the disk of the one writable folder; None where the whole disk can be written.
    """

    disk: Path
    kernel: Path
    initrd: Path
    writable: Path | None

    @property
    def state_disk(self) -> tuple[Path, str]:
        """The disk that holds the agent's state, and the folder on it."""
        if self.writable is None:
            return self.disk, "/var/lib/edge-agent"
        return self.writable, ""


def make_image(folder: Path, mqtt: dict[str, object], login: Path, *, read_only: bool) -> Image:
    """Installs the agent with ``install.sh`` into a fresh Debian, and makes a disk of it.

    Args:
        folder: for the disk; new or empty.
        mqtt: the section of the configuration.
        login: the folder of the device's certificate.
        read_only: mount the root read-only, with one writable folder on a disk of its own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    bundle = CACHE / "bundle-bookworm-amd64"
    make_bundle(bundle, [TARGET])
    system = debian("amd64", PACKAGES)
    with copied(system, folder / "root") as tree:
        shutil.copytree(bundle, tree.root / "tmp" / "bundle")
        arguments = ["--purpose", PURPOSE, "--site", "my-school", "--device", "room-101"]
        print(tree.run("/tmp/bundle/install.sh", *arguments).stdout)
        shutil.rmtree(tree.root / "tmp" / "bundle")
        _configure(tree, mqtt, login)
        _prepare(tree, read_only=read_only)
        boot = tree.root / "boot"
        kernel, initrd = (
            Path(shutil.copy(next(boot.glob(f"{name}-*")), folder / name))
            for name in ("vmlinuz", "initrd.img")
        )
        # /proc is mounted in it, and would be copied.
        disk = _make_disk(folder / "disk.raw", tree)
        owner = ":".join(tree.run("id", option, "edge-agent").stdout.strip() for option in _IDS)
    writable = folder / "state.raw" if read_only else None
    if writable is not None:
        _format(writable, _WRITABLE_MEGABYTES, f"root_owner={owner}")
    return Image(disk, kernel, initrd, writable)


def _configure(tree: Tree, mqtt: dict[str, object], login: Path) -> None:
    write_sample_video(tree.root / "srv" / "lesson.avi")
    shutil.copytree(login, tree.root / LOGIN[1:])
    tree.run("chown", "-R", "root:edge-agent", LOGIN)
    tree.run("chmod", "-R", "u=rwX,g=rX,o=", LOGIN)
    file = tree.root / "etc/edge-agent/config.yaml"
    settings = yaml.safe_load(file.read_text())
    settings["camera"]["source"] = "/srv/lesson.avi"
    settings["window"]["seconds"] = 1.0
    settings["mqtt"] |= mqtt
    file.write_text(yaml.safe_dump(settings))


def _prepare(tree: Tree, *, read_only: bool) -> None:
    etc = tree.root / "etc"
    (etc / "hostname").write_text("room-101\n")
    (etc / "fstab").write_text(_READ_ONLY if read_only else "/dev/vda / ext4 rw 0 0\n")
    (etc / "systemd/network/lan.network").write_text(_NETWORK)
    (etc / "systemd/system/clock-trusted.service").write_text(_CLOCK)
    drop_in = etc / "systemd/system/edge-agent.service.d"
    drop_in.mkdir()
    (drop_in / "loop.conf").write_text(_LOOP)
    if read_only:
        (etc / "machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    tree.run("systemctl", "enable", "systemd-networkd", "clock-trusted")
    tree.run("systemctl", "mask", "apt-daily.timer", "apt-daily-upgrade.timer", "fstrim.timer")


def _make_disk(disk: Path, tree: Tree) -> Path:
    subprocess.run(["umount", tree.root / "proc"], check=True)
    _format(disk, _MEGABYTES, "root_owner=0:0", "-d", str(tree.root))
    subprocess.run(["mount", "-t", "proc", "proc", tree.root / "proc"], check=True)
    return disk


def _format(disk: Path, megabytes: int, extended: str, *options: str) -> None:
    disk.unlink(missing_ok=True)
    command = ["mke2fs", "-q", "-t", "ext4", "-E", extended, *options, str(disk), f"{megabytes}M"]
    subprocess.run(command, check=True)
