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
from tests.machine.updates import Updates
from tests.sample_video import write_sample_video

PACKAGES: Final = (
    *("systemd", "systemd-sysv", "udev", "kmod", "python3", "python3-venv", "ca-certificates"),
    *("linux-image-cloud-amd64", "initramfs-tools"),
)
TARGET: Final = next(t for t in TARGETS if (t.suite, t.machine) == ("bookworm", "x86_64"))
BUNDLE: Final = CACHE / f"bundle-{TARGET.suite}-amd64"
_MEGABYTES: Final = 2500
_WRITABLE_MEGABYTES: Final = 128
_RELEASES_MEGABYTES: Final = 2000
"""What an update needs beside that: three releases and their wheels at a time."""
SLOWLY: Final = {
    "camera": {"source": "/srv/lesson.avi", "frames_per_second": 0.5},
    "pace": {"min_frames_per_second": 0.5},
    "window": {"seconds": 4.0},
}
"""Settings with which an emulated processor keeps up."""
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
"""
# With updates, three folders have to be writable: docs/operations.md says so, too.
_READ_ONLY_WITH_UPDATES: Final = """\
/dev/vda / ext4 ro 0 0
/dev/vdb /media/writable ext4 rw,noatime 0 0
/media/writable/releases /opt/edge-agent none bind 0 0
/media/writable/state /var/lib/edge-agent none bind 0 0
/media/writable/updates /var/lib/edge-agent-updates none bind 0 0
"""
_IN_MEMORY: Final = """\
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
        writable: the disk of what can be written; None where the whole disk can.
        boot: a disk with the card's boot partition; None where there is none.
    """

    disk: Path
    kernel: Path
    initrd: Path
    writable: Path | None
    boot: Path | None = None

    @property
    def state_disk(self) -> tuple[Path, str]:
        """The disk that holds the agent's state, and the folder on it."""
        if self.writable is None:
            return self.disk, "/var/lib/edge-agent"
        return self.writable, ""

    @property
    def releases_disk(self) -> tuple[Path, str]:
        """The disk that holds the releases of a computer with updates, and the folder on it."""
        if self.writable is None:
            return self.disk, "/opt/edge-agent"
        return self.writable, "/releases"


def make_image(
    folder: Path,
    mqtt: dict[str, object],
    login: Path,
    *,
    read_only: bool,
    updates: Updates | None = None,
) -> Image:
    """Installs the agent with ``install.sh`` into a fresh Debian, and makes a disk of it.

    Args:
        folder: for the disk; new or empty.
        mqtt: the section of the configuration.
        login: the folder of the device's certificate.
        read_only: mount the root read-only, with one writable folder on a disk of its own.
        updates: has the machine look for releases there, a minute after each boot.
    """
    folder.mkdir(parents=True, exist_ok=True)
    make_bundle(BUNDLE, [TARGET])
    system = debian("amd64", PACKAGES)
    with copied(system, folder / "root") as tree:
        shutil.copytree(BUNDLE, tree.root / "tmp" / "bundle")
        if updates is not None:
            updates.bring(tree, ca_file=f"{LOGIN}/authority.pem")
        arguments = ["--purpose", PURPOSE, "--site", "my-school", "--device", "room-101"]
        print(tree.run("/tmp/bundle/install.sh", *arguments).stdout)
        shutil.rmtree(tree.root / "tmp" / "bundle")
        _configure(tree, mqtt, login)
        if read_only:
            mounts = _READ_ONLY if updates is None else _READ_ONLY_WITH_UPDATES
            # The next boot cannot write one.
            (tree.root / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
            prepare(tree, mounts=mounts + _IN_MEMORY)
        else:
            prepare(tree, mounts="/dev/vda / ext4 rw 0 0\n")
        kernel, initrd = kernel_of(tree, folder)
        writable = None
        if read_only:
            writable = _make_writable(folder, tree, updates=updates is not None)
        megabytes = _MEGABYTES + (0 if updates is None or read_only else _RELEASES_MEGABYTES)
        disk = make_disk(folder / "disk.raw", tree, megabytes)
    return Image(disk, kernel, initrd, writable)


def kernel_of(tree: Tree, folder: Path) -> tuple[Path, Path]:
    """Copies a system's kernel and what it starts from into a folder."""
    boot = tree.root / "boot"
    kernel, initrd = (
        Path(shutil.copy(next(boot.glob(f"{name}-*")), folder / name))
        for name in ("vmlinuz", "initrd.img")
    )
    return kernel, initrd


def add_video(tree: Tree) -> None:
    """What its camera would see."""
    write_sample_video(tree.root / "srv" / "lesson.avi")


def _configure(tree: Tree, mqtt: dict[str, object], login: Path) -> None:
    add_video(tree)
    shutil.copytree(login, tree.root / LOGIN[1:])
    tree.run("chown", "-R", "root:edge-agent", LOGIN)
    tree.run("chmod", "-R", "u=rwX,g=rX,o=", LOGIN)
    file = tree.root / "etc/edge-agent/config.yaml"
    settings = yaml.safe_load(file.read_text())
    for section, values in (*SLOWLY.items(), ("mqtt", mqtt)):
        settings[section] |= values
    file.write_text(yaml.safe_dump(settings))


def prepare(tree: Tree, *, mounts: str) -> None:
    """Has a system boot with a network, a clock that is trusted, and a video that begins anew.

    Args:
        mounts: its fstab.
    """
    etc = tree.root / "etc"
    (etc / "hostname").write_text("room-101\n")
    (etc / "fstab").write_text(mounts)
    (etc / "systemd/network/lan.network").write_text(_NETWORK)
    (etc / "systemd/system/clock-trusted.service").write_text(_CLOCK)
    drop_in = etc / "systemd/system/edge-agent.service.d"
    drop_in.mkdir()
    (drop_in / "loop.conf").write_text(_LOOP)
    tree.run("systemctl", "enable", "systemd-networkd", "clock-trusted")
    tree.run("systemctl", "mask", "apt-daily.timer", "apt-daily-upgrade.timer", "fstrim.timer")


def _make_writable(folder: Path, tree: Tree, *, updates: bool) -> Path:
    """The disk of what can be written where the root cannot."""
    disk = folder / "writable.raw"
    if not updates:
        owner = ":".join(tree.run("id", option, "edge-agent").stdout.strip() for option in _IDS)
        _format(disk, _WRITABLE_MEGABYTES, f"root_owner={owner}")
        return disk
    content = folder / "writable"
    content.mkdir()
    (content / "updates").mkdir(mode=0o700)
    for inside, name in (("opt/edge-agent", "releases"), ("var/lib/edge-agent", "state")):
        subprocess.run(["mv", tree.root / inside, content / name], check=True)
        (tree.root / inside).mkdir()
    for inside in ("media/writable", "var/lib/edge-agent-updates"):
        (tree.root / inside).mkdir()
    megabytes = _WRITABLE_MEGABYTES + _RELEASES_MEGABYTES
    _format(disk, megabytes, "root_owner=0:0", "-d", str(content))
    shutil.rmtree(content)
    return disk


def make_disk(disk: Path, tree: Tree, megabytes: int = _MEGABYTES) -> Path:
    """Makes a disk with all that is in a system."""
    # /proc is mounted in it, and would be copied.
    subprocess.run(["umount", tree.root / "proc"], check=True)
    _format(disk, megabytes, "root_owner=0:0", "-d", str(tree.root))
    subprocess.run(["mount", "-t", "proc", "proc", tree.root / "proc"], check=True)
    return disk


def _format(disk: Path, megabytes: int, extended: str, *options: str) -> None:
    disk.unlink(missing_ok=True)
    command = ["mke2fs", "-q", "-t", "ext4", "-E", extended, *options, str(disk), f"{megabytes}M"]
    subprocess.run(command, check=True)
