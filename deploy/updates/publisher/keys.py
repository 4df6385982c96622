"""The keys that sign: Ed25519, a file each, readable by their owner alone."""

from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner

from deploy.certificates import private_files
from deploy.updates.errors import UpdateError

ROLES: Final = ("root", "targets", "snapshot", "timestamp")


class KeyFolder:
    """Keys by role, ``targets-1.pem``, ``targets-2.pem``, …

    Args:
        path: of the folder.
        passphrase: of its keys; None where they have none.
    """

    def __init__(self, path: Path, passphrase: bytes | None) -> None:
        self.path = path
        self._passphrase = passphrase

    def make(self, role: str) -> CryptoSigner:
        """Makes one more key of a role.

        Raises:
            FileError: where it cannot be written.
        """
        key = Ed25519PrivateKey.generate()
        encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if self._passphrase:
            encryption = serialization.BestAvailableEncryption(self._passphrase)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
        )
        _make_folder(self.path)
        number = max((_number(file) for file in self.path.glob(f"*{role}-*.pem")), default=0) + 1
        private_files.write(self.path / f"{role}-{number}.pem", pem)
        return CryptoSigner(key)

    def read(self, role: str) -> list[CryptoSigner]:
        """All keys of a role.

        Raises:
            UpdateError, FileError: where there is none, or one cannot be read.
        """
        files = self._files(role)
        if not files:
            raise UpdateError(
                f"{self.path}: expected the key {role}-1.pem, found none; bring the folder with "
                "the keys, or name it"
            )
        return [self._read(file) for file in files]

    def set_aside(self, role: str) -> list[str]:
        """Renames the keys of a role, which are to be replaced; returns their new names."""
        names = []
        for file in self._files(role):
            names.append(f"old-{file.name}")
            try:
                file.rename(file.with_name(names[-1]))
            except OSError as error:
                raise UpdateError(f"{file}: cannot be renamed: {error.strerror}") from error
        return names

    def _files(self, role: str) -> list[Path]:
        return sorted(self.path.glob(f"{role}-[0-9]*.pem"), key=_number)

    def _read(self, file: Path) -> CryptoSigner:
        try:
            key = serialization.load_pem_private_key(private_files.read(file), self._passphrase)
        except (ValueError, TypeError) as error:  # TypeError: a passphrase too many or too few
            raise UpdateError(
                f"{file}: expected a key and its passphrase, got: {error}; give the passphrase "
                "with --passphrase-file or UPDATES_PASSPHRASE if the key has one"
            ) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise UpdateError(f"{file}: expected an Ed25519 key, got {type(key).__name__}")
        return CryptoSigner(key)


def require_apart(folder: Path, repository: Path) -> None:
    """Keys are neither where everybody downloads from, nor where code is kept.

    Raises:
        UpdateError: where a folder of keys is in one of these.
    """
    place = folder.resolve()
    around = (place, *place.parents)
    if repository.resolve() in around:
        raise UpdateError(
            f"{folder}: expected keys outside of {repository}, which everybody may read; give "
            "another folder"
        )
    if any((parent / ".git").exists() for parent in around):
        raise UpdateError(
            f"{folder}: expected keys outside of any folder that git keeps, where they would be "
            "committed sooner or later; give another folder"
        )


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UpdateError(
            f"{path}: expected a folder that can be made, got: {error.strerror}; give another"
        ) from error


def _number(file: Path) -> int:
    text = file.stem.rpartition("-")[2]
    return int(text) if text.isdecimal() else 0
