"""The repository that devices download from: TUF's metadata and targets, for any web server."""

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final, TypeVar

from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import UnsignedMetadataError
from tuf.api.metadata import (
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization import DeserializationError

from deploy.certificates import private_files
from deploy.certificates.private_files import FileError
from deploy.updates.errors import UpdateError
from deploy.updates.publisher.keys import ROLES
from deploy.updates.release import MANIFESTS, Manifest, Release, read_manifest, read_release

VALID_DAYS: Final = {"root": 730, "targets": 365, "snapshot": 30, "timestamp": 30}
"""Who is offline for longer than that keeps what it has, and counts on."""
_Signed = TypeVar("_Signed", Root, Targets, Snapshot, Timestamp)


class Repository:
    """A folder with ``metadata/`` and ``targets/``.

    Changes take effect together: the timestamp, which leads to all else, is written last.

    Args:
        folder: made by `create`.

    Raises:
        UpdateError: where it holds no repository.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.metadata = folder / "metadata"
        self.targets = folder / "targets"
        if not (self.metadata / "timestamp.json").exists():
            raise UpdateError(
                f"{folder}: expected a repository of updates, found none; make one with the "
                "action init, or give another with --repository"
            )

    @classmethod
    def create(
        cls,
        folder: Path,
        signers: Mapping[str, Sequence[CryptoSigner]],
        thresholds: Mapping[str, int],
    ) -> "Repository":
        """Makes an empty repository.

        Args:
            folder: new or empty.
            signers: keys by role.
            thresholds: how many of them must sign.
        """
        if folder.exists() and any(folder.iterdir()):
            raise UpdateError(f"{folder}: expected a new or empty folder, found files in it")
        try:
            (folder / "metadata").mkdir(parents=True)
            (folder / "targets").mkdir()
        except OSError as error:
            raise FileError(f"{folder}: cannot be made: {error.strerror}") from error
        root = Root(version=1, expires=_expiry("root"), consistent_snapshot=True)
        for role in ROLES:
            for signer in signers[role]:
                root.add_key(signer.public_key, role)
            root.roles[role].threshold = thresholds.get(role, 1)
        targets = Targets(version=1, expires=_expiry("targets"))
        snapshot = Snapshot(version=1, expires=_expiry("snapshot"))
        timestamp = Timestamp(version=1, expires=_expiry("timestamp"))
        metadata = folder / "metadata"
        _write(metadata / "1.root.json", _sign(root, signers["root"]))
        _write(metadata / "1.targets.json", _sign(targets, signers["targets"]))
        _write(metadata / "1.snapshot.json", _sign(snapshot, signers["snapshot"]))
        _write(metadata / "timestamp.json", _sign(timestamp, signers["timestamp"]))
        return cls(folder)

    @property
    def root_file(self) -> Path:
        """The newest root (JSON): what a new device must be given to trust this repository."""
        return max(self.metadata.glob("*.root.json"), key=_version)

    def releases(self) -> list[Release]:
        """All that are offered, by platform and version."""
        listed = self._read_targets().targets
        found = [
            read_release(name, target.custom)
            for name, target in listed.items()
            if name.startswith(f"{MANIFESTS}/")
        ]
        return sorted(found, key=lambda release: (release.platform, release.number))

    def names(self) -> list[str]:
        """All targets."""
        return list(self._read_targets().targets)

    def manifest(self, release: Release) -> Manifest:
        """What a release consists of."""
        target = self._read_targets().targets[release.manifest]
        return read_manifest(private_files.read(self._place(target)), release)

    def expiries(self) -> dict[str, datetime]:
        """Until when each role's signature is good."""
        timestamp, snapshot = self._read_timestamp(), self._read_snapshot()
        root = _read(self.root_file, Root)
        expiry = {"root": root, "targets": self._read_targets(), "snapshot": snapshot}
        return {name: one.expires for name, one in {**expiry, "timestamp": timestamp}.items()}

    def change(
        self,
        signers: Mapping[str, Sequence[CryptoSigner]],
        *,
        files: Mapping[str, Path] | None = None,
        stages: Mapping[str, Mapping[str, Any]] | None = None,
        remove: Sequence[str] = (),
    ) -> None:
        """Signs another list of targets.

        Args:
            signers: of targets, snapshot and timestamp.
            files: target name → a file to copy beside the others.
            stages: manifest's name → what is to be signed beside its hash.
            remove: names that are offered no longer.
        """
        with self._locked():
            targets = self._read_targets()
            for name, source in (files or {}).items():
                targets.targets[name] = self._add(name, source)
            for name, custom in (stages or {}).items():
                targets.targets[name].unrecognized_fields["custom"] = dict(custom)
            for name in remove:
                del targets.targets[name]
            targets.version += 1
            targets.expires = _expiry("targets")
            self._write_versioned("targets", _sign(targets, signers["targets"]), targets.version)
            self._refresh(signers, targets.version)
            self._delete_unused(targets)

    def refresh(self, signers: Mapping[str, Sequence[CryptoSigner]], *, days: int) -> None:
        """Signs snapshot and timestamp anew, so that they stay valid; the releases are the same."""
        with self._locked():
            self._refresh(signers, self._read_targets().version, days=days)

    def rotate(
        self,
        role: str,
        new: Sequence[CryptoSigner],
        root_signers: Sequence[CryptoSigner],
        signers: Mapping[str, Sequence[CryptoSigner]],
    ) -> None:
        """Replaces all keys of a role, by a root that the old root keys sign.

        Args:
            role: whose keys; for root, the old and the new keys sign.
            new: the keys in force from now on.
            root_signers: the root keys in force until now.
            signers: of the other roles, with the new ones; they sign what they are for anew.
        """
        with self._locked():
            root = _read(self.root_file, Root)
            for keyid in list(root.roles[role].keyids):
                root.revoke_key(keyid, role)
            for signer in new:
                root.add_key(signer.public_key, role)
            root.version += 1
            root.expires = _expiry("root")
            both = [*root_signers, *new] if role == "root" else root_signers
            _write(self.metadata / f"{root.version}.root.json", _sign(root, both))
            if role == "root":
                return
            targets = self._read_targets()
            if role == "targets":
                targets.version += 1
                targets.expires = _expiry("targets")
                signed = _sign(targets, signers["targets"])
                self._write_versioned("targets", signed, targets.version)
            self._refresh(signers, targets.version)

    def _refresh(
        self,
        signers: Mapping[str, Sequence[CryptoSigner]],
        targets_version: int,
        *,
        days: int | None = None,
    ) -> None:
        snapshot, timestamp = self._read_snapshot(), self._read_timestamp()
        snapshot.meta["targets.json"] = MetaFile(version=targets_version)
        snapshot.version += 1
        snapshot.expires = _expiry("snapshot", days)
        signed = _sign(snapshot, signers["snapshot"])
        self._write_versioned("snapshot", signed, snapshot.version)
        timestamp.snapshot_meta = MetaFile(version=snapshot.version)
        timestamp.version += 1
        timestamp.expires = _expiry("timestamp", days)
        _write(self.metadata / "timestamp.json", _sign(timestamp, signers["timestamp"]))

    def _read_timestamp(self) -> Timestamp:
        return _read(self.metadata / "timestamp.json", Timestamp)

    def _read_snapshot(self) -> Snapshot:
        version = self._read_timestamp().snapshot_meta.version
        return _read(self.metadata / f"{version}.snapshot.json", Snapshot)

    def _read_targets(self) -> Targets:
        version = self._read_snapshot().meta["targets.json"].version
        return _read(self.metadata / f"{version}.targets.json", Targets)

    def _write_versioned(self, role: str, content: Metadata[Any], version: int) -> None:
        """Checks what a device would check, before anybody can download it."""
        root = _read(self.root_file, Root)
        try:
            root.verify_delegate(role, content.signed_bytes, content.signatures)
        except UnsignedMetadataError as error:
            raise UpdateError(
                f"{role}: expected {root.roles[role].threshold} keys that the root knows, got "
                "others or fewer; bring the right keys, or make new ones with the action rotate"
            ) from error
        _write(self.metadata / f"{version}.{role}.json", content)

    def _add(self, name: str, source: Path) -> TargetFile:
        target = TargetFile.from_file(name, str(source))
        place = self._place(target)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            if not place.exists():
                temporary = place.with_name(f".{place.name}.new")
                shutil.copyfile(source, temporary)
                temporary.chmod(0o644)
                temporary.replace(place)
        except OSError as error:
            raise FileError(f"{place}: cannot be written: {error.strerror}") from error
        return target

    def _place(self, target: TargetFile) -> Path:
        folder, _, name = target.path.rpartition("/")
        return self.targets / folder / f"{target.hashes['sha256']}.{name}"

    def _delete_unused(self, targets: Targets) -> None:
        wanted = {self._place(target) for target in targets.targets.values()}
        for file in self.targets.glob("*/*"):
            if file not in wanted:
                file.unlink()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # Two that publish at the same time must not forget each other's.
        descriptor = os.open(self.metadata, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _expiry(role: str, days: int | None = None) -> datetime:
    now = datetime.now(timezone.utc).replace(microsecond=0)
    return now + timedelta(days=VALID_DAYS[role] if days is None else days)


def _sign(signed: Any, signers: Sequence[CryptoSigner]) -> Metadata[Any]:
    metadata: Metadata[Any] = Metadata(signed)
    for signer in signers:
        metadata.sign(signer, append=True)
    return metadata


def _write(path: Path, metadata: Metadata[Any]) -> None:
    private_files.write(path, metadata.to_bytes())
    path.chmod(0o644)  # everybody may read it


def _read(path: Path, kind: type[_Signed]) -> _Signed:
    try:
        signed = Metadata[Any].from_bytes(private_files.read(path)).signed
    except DeserializationError as error:
        raise UpdateError(f"{path}: expected TUF metadata, got: {error}") from error
    if not isinstance(signed, kind):
        raise UpdateError(f"{path}: expected {kind.type}, got {signed.type}")
    return signed


def _version(path: Path) -> int:
    return int(path.name.partition(".")[0])
