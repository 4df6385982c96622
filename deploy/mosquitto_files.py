"""The production broker's files with other paths and ports: for a trial on one machine."""

import argparse
import getpass
import shutil
from pathlib import Path
from typing import Final

from deploy.certificates.authority import Authority
from deploy.certificates.names import BROKER
from deploy.certificates.private_files import FileError

SHIPPED: Final = Path(__file__).with_name("mosquitto")
_INSTALLED: Final = "/etc/mosquitto/classroom/"
_DATA: Final = "/var/lib/mosquitto/"


def write(
    folder: Path, certificates: Path, *, certificate_port: int = 8883, password_port: int = 8884
) -> Path:
    """Writes what Mosquitto needs, as ``deploy/mosquitto/`` has it for Debian, into a folder.

    It listens on 127.0.0.1 only and keeps its data in the folder.

    Args:
        folder: new, or made by an earlier call; its passwords and data stay as they are.
        certificates: an authority's folder, of which the broker's newest certificate is taken.
        certificate_port, password_port: of the two listeners.

    Returns:
        The configuration, for ``mosquitto -c``.

    Raises:
        CertificateError, FileError: where there is no authority, or it cannot be written.
    """
    authority = Authority(certificates)
    folder = folder.resolve()
    text = (SHIPPED / "mosquitto.conf").read_text()
    for installed, here in (
        (_INSTALLED, f"{folder}/"),
        (_DATA, f"{folder}/data/"),
        ("listener 8883\n", f"listener {certificate_port} 127.0.0.1\n"),
        ("listener 8884\n", f"listener {password_port} 127.0.0.1\n"),
    ):
        text = text.replace(installed, here)
    # Started by root, it would become a user that cannot read the folder.
    text = f"user {getpass.getuser()}\n{text}"
    try:
        for name in (folder, folder / "data"):
            name.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "passwords").touch(mode=0o600)
        for file in authority.newest(BROKER).iterdir():
            shutil.copy(file, folder)
        shutil.copy(authority.revoked_file, folder)
        shutil.copy(SHIPPED / "acl", folder)
        (folder / "mosquitto.conf").write_text(text)
    except OSError as error:
        raise FileError(
            f"{folder}: expected a folder that can be written, got: {error.strerror}; give "
            "another with --folder"
        ) from error
    return folder / "mosquitto.conf"


def run(options: argparse.Namespace) -> None:
    """What the command ``mosquitto`` does and prints."""
    config = write(
        options.folder,
        options.certificates,
        certificate_port=options.certificate_port,
        password_port=options.password_port,
    )
    print(f"Made {options.folder}. Start the broker:\n  mosquitto -c {config}")
