"""The commands that make what a device installs."""

import argparse
import sys
from pathlib import Path
from typing import Any, Final

from deploy.device import bundle, debian, dependencies, lock
from deploy.device.errors import DeviceError

MACHINES: Final = {"arm64": "aarch64", "amd64": "x86_64"}
"""A processor as Debian and as Python name it."""


def add_commands(commands: Any) -> None:
    """Adds ``lock``, ``dependencies``, ``bundle`` and ``deb``."""
    renew = commands.add_parser(
        "lock",
        help="renew the versions and hashes of what a device installs",
        description="Asks for the newest packages that setup.cfg allows, for Debian and Raspberry "
        "Pi OS bookworm and trixie on arm64 and amd64, and writes versions and hashes into "
        "deploy/requirements-agent.txt. Run `dependencies` after it.",
    )
    renew.set_defaults(run=_run(lambda _: lock.write(lock.resolve())))

    paper = commands.add_parser(
        "dependencies",
        help="make docs/dependencies.md: what a device installs, with licences and hashes",
        description="Fetches every locked file, looks into it, and writes docs/dependencies.md.",
    )
    paper.set_defaults(run=_run(lambda _: dependencies.write_document()))

    pack = commands.add_parser(
        "bundle",
        help="collect what a device needs to be installed without a network",
        description="Makes a folder with the installer, the package and every wheel; copy it to "
        "the device and run install.sh there.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    pack.add_argument("folder", metavar="FOLDER", type=Path, help="where to put it")
    _add_system(pack)
    pack.set_defaults(run=_run(_bundle))

    package = commands.add_parser(
        "deb",
        help="make the Debian package",
        description="Makes edge-agent_VERSION_ARCH.deb, which installs without a network. Needs "
        "Debian's dpkg-deb.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    package.add_argument("folder", metavar="FOLDER", type=Path, help="where to put it")
    _add_system(package)
    package.set_defaults(run=_run(_deb))


def _add_system(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--arch", choices=list(MACHINES), default="arm64", help="the device's processor"
    )
    command.add_argument(
        "--suite",
        choices=sorted({target.suite for target in lock.TARGETS}),
        default="bookworm",
        help="its release of Debian or Raspberry Pi OS",
    )


def _target(options: argparse.Namespace) -> lock.Target:
    machine = MACHINES[options.arch]
    return next(t for t in lock.TARGETS if t.suite == options.suite and t.machine == machine)


def _bundle(options: argparse.Namespace) -> None:
    bundle.make_bundle(options.folder, [_target(options)])
    print(f"made {options.folder}; on the device: sudo {options.folder.name}/install.sh")


def _deb(options: argparse.Namespace) -> None:
    print(f"made {debian.make_package(options.folder, _target(options), options.arch)}")


def _run(command: Any) -> Any:
    def run(options: argparse.Namespace) -> int:
        try:
            command(options)
        except (DeviceError, OSError) as error:
            print(f"{options.command}: {error}", file=sys.stderr)
            return 2
        return 0

    return run
