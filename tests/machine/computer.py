"""A computer in QEMU, whose plug can be pulled."""

import functools
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.machine.image import Image
from tests.support import PATIENCE_SECONDS, debian_program

HOST: Final = "10.0.2.2"
"""Under this address the computer sees the loopback of the machine that it runs on."""
_PROGRAM: Final = "qemu-system-x86_64"
_ALWAYS: Final = "console=ttyS0 systemd.show_status=0 panic=5"
_KVM: Final = ("-accel", "kvm", "-cpu", "host")


@functools.cache
def accelerated() -> bool:
    """Whether the processor helps; without that, everything takes ten times as long."""
    program = debian_program(_PROGRAM, package="qemu-system-x86")
    # Where KVM is there but of no use, QEMU ends before it listens to its monitor.
    nothing = ("-display", "none", "-S", "-monitor", "stdio", "-nodefaults")
    command = [program, *_KVM, *nothing]
    return subprocess.run(command, input=b"quit\n", capture_output=True).returncode == 0


class Computer:
    """A machine that boots from an image, and from what it has written to it before.

    What its system has had the disk keep is on the disk after `cut`; what was in its memory is
    gone, as with a plug that is pulled. The disk has no cache of its own that could lose more.

    Args:
        image: what it boots from, and changes.
        console: where what it says on its console is added.
    """

    def __init__(self, image: Image, console: Path) -> None:
        self._image = image
        self._console = console
        self._process: subprocess.Popen[bytes] | None = None

    def switch_on(self, arguments: str = "") -> None:
        """Begins to boot.

        Args:
            arguments: more words for the kernel's command line.
        """
        image = self._image
        disks = [disk for disk in (image.disk, image.writable, image.boot) if disk is not None]
        root = "ro" if image.writable else "rw"
        command = [
            debian_program(_PROGRAM, package="qemu-system-x86"),
            *("-machine", "q35", "-m", "1024", "-smp", "2", "-display", "none", "-no-reboot"),
            *(_KVM if accelerated() else ("-accel", "tcg,thread=multi", "-cpu", "max")),
            *("-kernel", str(image.kernel), "-initrd", str(image.initrd)),
            *("-append", f"root=/dev/vda {root} {_ALWAYS} {arguments}"),
            *("-netdev", "user,id=lan", "-device", "virtio-net-pci,netdev=lan"),
            *("-serial", "stdio"),
        ]
        for disk in disks:
            command += ["-drive", f"file={disk},format=raw,if=virtio,cache=writethrough"]
        with self._console.open("ab") as console:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=console, stderr=console
            )

    def cut(self) -> None:
        """Takes its power away, in the midst of whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE_SECONDS)
            self._process = None

    @contextmanager
    def halted(self) -> Iterator[None]:
        """It stands still within the block: its disk is what a power cut would leave."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def await_off(self, patience_seconds: float) -> None:
        """Returns once it has switched itself off, as it does in place of a reboot.

        Raises:
            subprocess.TimeoutExpired: where it has not.
        """
        assert self._process is not None
        self._process.wait(patience_seconds)

    @property
    def on(self) -> bool:
        """Whether it still runs."""
        return self._process is not None and self._process.poll() is None
