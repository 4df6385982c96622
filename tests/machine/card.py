"""A fresh system, and a card of `first-boot` on a FAT partition, as a Raspberry Pi has it."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

import yaml

from deploy.__main__ import main
from deploy.device.bundle import make_bundle
from tests.debian_tree import copied, debian
from tests.deploy.support import SITE, School
from tests.machine.computer import HOST
from tests.machine.image import (
    BUNDLE,
    PACKAGES,
    PURPOSE,
    SLOWLY,
    TARGET,
    Image,
    add_video,
    kernel_of,
    make_disk,
    prepare,
)

FIRST_BOOT: Final = (
    "systemd.run=/boot/firmware/firstrun.sh systemd.run_success_action=reboot "
    "systemd.unit=kernel-command-line.target"
)
"""What `first-boot` says belongs into cmdline.txt."""
DEVICE: Final = "room-102"
_MEGABYTES: Final = 256


def make_card_image(folder: Path, school: School) -> Image:
    """A Debian in which nothing is installed, and beside it the card of a room."""
    folder.mkdir(parents=True, exist_ok=True)
    make_bundle(BUNDLE, [TARGET])
    card = _make_card(folder, school)
    with copied(debian("amd64", PACKAGES), folder / "root") as tree:
        add_video(tree)
        prepare(tree, mounts="/dev/vda / ext4 rw 0 0\n/dev/vdb /boot/firmware vfat rw 0 0\n")
        (tree.root / "etc/hostname").write_text("raspberrypi\n")
        (tree.root / "etc/hosts").write_text("127.0.0.1\tlocalhost\n127.0.1.1\traspberrypi\n")
        (tree.root / "boot/firmware").mkdir()
        kernel, initrd = kernel_of(tree, folder)
        disk = make_disk(folder / "disk.raw", tree)
    return Image(disk, kernel, initrd, writable=None, boot=card)


def files_on(card: Path) -> list[str]:
    """The paths on the partition."""
    told = subprocess.run(["mdir", "-/", "-b", "-i", card], capture_output=True, text=True)
    return [line.removeprefix("::/") for line in told.stdout.splitlines()]


def _make_card(folder: Path, school: School) -> Path:
    (folder / "common.yaml").write_text(yaml.safe_dump(SLOWLY))
    files = folder / f"card-{DEVICE}"
    words = ("--site", SITE, "--device", DEVICE, "--purpose", PURPOSE)
    words += ("--broker", f"{HOST}:{school.certificate_port}", "--bundle", str(BUNDLE))
    words += ("--certificates", str(school.certificates), "--config", str(folder / "common.yaml"))
    assert main(["first-boot", *words, "--output", str(files)]) == 0
    (files / "cmdline.txt").write_text(f"root=/dev/vda rootwait {FIRST_BOOT}\n")
    card = folder / "card.raw"
    with card.open("wb") as image:
        image.truncate(_MEGABYTES * 1_000_000)
    subprocess.run(["mkfs.vfat", "-n", "bootfs", card], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["mcopy", "-s", "-i", card, *files.iterdir(), "::/"], check=True)
    shutil.rmtree(files)
    return card
