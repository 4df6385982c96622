"""What the command ``updates`` does and prints."""

import argparse
import math
import os
import tempfile
from pathlib import Path

from packaging.version import Version
from securesystemslib.signer import CryptoSigner

from deploy.certificates.private_files import read
from deploy.updates.commands import PASSPHRASE_VARIABLE
from deploy.updates.errors import UpdateError
from deploy.updates.publisher import wheels
from deploy.updates.publisher.keys import ROLES, KeyFolder, require_apart
from deploy.updates.publisher.repository import Repository
from deploy.updates.release import (
    WHEELS,
    Manifest,
    Release,
    place_in_fleet,
    platform_name,
)

_ONLINE = ("targets", "snapshot", "timestamp")


def run(options: argparse.Namespace) -> None:
    """Runs the action that the options name.

    Raises:
        UpdateError, FileError: where it cannot be done; what devices see is then as before.
    """
    actions = {
        "init": _init,
        "publish": _publish,
        "stage": _stage,
        "withdraw": _withdraw,
        "refresh": _refresh,
        "rotate": _rotate,
        "list": _list,
    }
    takes_word = options.action in ("stage", "withdraw", "rotate")
    if takes_word != (options.word is not None):
        expected = "a VERSION or ROLE" if takes_word else "nothing"
        raise UpdateError(f"{options.action}: expected {expected} after it, got {options.word}")
    actions[options.action](options)


def _init(options: argparse.Namespace) -> None:
    for folder in (options.keys, options.root_keys):
        require_apart(folder, options.repository)
    if options.keys.resolve() == options.root_keys.resolve():
        raise UpdateError(
            f"{options.keys}: expected the root's keys in a folder of their own, which is kept "
            "offline; give another with --root-keys"
        )
    for folder in (options.keys, options.root_keys):
        if any(folder.glob("*.pem")):
            raise UpdateError(f"{folder}: expected no keys yet, found some; give another folder")
    if options.root_threshold > options.root_number:
        raise UpdateError(
            f"expected --root-threshold of at most {options.root_number}, got "
            f"{options.root_threshold}; raise --root-number"
        )
    root, keys = _root_keys(options), _keys(options)
    signers = {"root": [root.make("root") for _ in range(options.root_number)]}
    signers |= {role: [keys.make(role)] for role in _ONLINE}
    made = Repository.create(options.repository, signers, {"root": options.root_threshold})
    print(f"Made {options.repository}, which any web server may serve over HTTPS.")
    print(f"Each device gets {made.root_file} as /etc/edge-agent/updates-root.json.")
    print(f"Take {options.root_keys} offline, and keep a copy elsewhere: whoever has it decides")
    print("what every device runs. It is needed again only for the action rotate.")


def _publish(options: argparse.Namespace) -> None:
    repository = Repository(options.repository)
    if options.wheels is None or options.architecture is None or options.python is None:
        raise UpdateError("publish: expected --wheels, --architecture and --python, got fewer")
    version = wheels.project_version(options.wheels)
    platform = platform_name(options.architecture, options.python)
    newest = max(
        (one.number for one in repository.releases() if one.platform == platform), default=None
    )
    if newest is not None and Version(version) <= newest:
        raise UpdateError(
            f"{version}: expected a version above {newest}, which {platform} already has; devices "
            "never go back: give the old code a new version"
        )
    print("Asking pip what a device needs …")
    files = wheels.resolve(
        options.wheels, version=version, architecture=options.architecture, python=options.python
    )
    release = Release(
        version=version,
        architecture=options.architecture,
        python=options.python,
        installed_bytes=wheels.installed_bytes(files),
        percent=options.share,
        pilots=tuple(options.pilot),
    )
    manifest = Manifest(
        version=version,
        architecture=options.architecture,
        python=options.python,
        wheels=tuple(file.name for file in files),
    )
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(manifest.model_dump_json())
        file.flush()
        repository.change(
            _signers(options),
            files={
                release.manifest: Path(file.name),
                **{f"{WHEELS}/{wheel.name}": wheel for wheel in files},
            },
            stages={release.manifest: release.model_dump(mode="json")},
        )
    print(f"Published {version} for {platform}: {len(files)} wheels, for {_audience(release)}.")


def _stage(options: argparse.Namespace) -> None:
    repository = Repository(options.repository)
    changed = []
    for release in _of_version(repository, options.word):
        pilots = tuple(dict.fromkeys((*release.pilots, *options.pilot)))
        changed.append(release.model_copy(update={"percent": options.share, "pilots": pilots}))
    repository.change(
        _signers(options),
        stages={one.manifest: one.model_dump(mode="json") for one in changed},
    )
    for one in changed:
        print(f"{one.version} for {one.platform} is now for {_audience(one)}.")


def _withdraw(options: argparse.Namespace) -> None:
    repository = Repository(options.repository)
    gone = _of_version(repository, options.word)
    kept = [one for one in repository.releases() if one not in gone]
    repository.change(
        _signers(options),
        remove=[one.manifest for one in gone] + _unused_wheels(repository, kept),
    )
    print(f"{options.word} is offered no longer; devices that have it keep it.")


def _unused_wheels(repository: Repository, kept: list[Release]) -> list[str]:
    wanted = {
        f"{WHEELS}/{wheel}" for release in kept for wheel in repository.manifest(release).wheels
    }
    return [name for name in repository.names() if name.startswith(WHEELS) and name not in wanted]


def _refresh(options: argparse.Namespace) -> None:
    keys = _keys(options)
    signers = {role: keys.read(role) for role in ("snapshot", "timestamp")}
    repository = Repository(options.repository)
    repository.refresh(signers, days=options.days)
    print(f"Signed anew, valid until {min(repository.expiries().values()):%Y-%m-%d}.")


def _rotate(options: argparse.Namespace) -> None:
    role = options.word
    if role not in ROLES:
        raise UpdateError(f"rotate: expected one of {', '.join(ROLES)}, got {role!r}")
    repository = Repository(options.repository)
    root, keys = _root_keys(options), _keys(options)
    root_signers = root.read("root")
    number = len(root_signers) if role == "root" else 1
    signers = {} if role == "root" else {one: keys.read(one) for one in _ONLINE if one != role}
    folder = root if role == "root" else keys
    old = folder.set_aside(role)
    new = [folder.make(role) for _ in range(number)]
    repository.rotate(role, new, root_signers, {**signers, role: new})
    print(f"{role} has {number} new key(s) in {folder.path}; the old are void: {', '.join(old)}.")


def _list(options: argparse.Namespace) -> None:
    repository = Repository(options.repository)
    for release in repository.releases():
        print(f"{release.version}  {release.platform}  for {_audience(release)}")
    for role, expiry in repository.expiries().items():
        print(f"{role} valid until {expiry:%Y-%m-%d %H:%M} UTC")
    for room in options.pilot:
        site, _, device = room.partition("/")
        print(f"{room} is reached at --share {math.floor(place_in_fleet(site, device)) + 1}")


def _of_version(repository: Repository, version: str) -> list[Release]:
    releases = repository.releases()
    found = [one for one in releases if one.version == version]
    if not found:
        known = ", ".join(dict.fromkeys(one.version for one in releases)) or "nothing"
        raise UpdateError(f"expected a published version ({known}), got {version!r}")
    return found


def _audience(release: Release) -> str:
    pilots = f" and {', '.join(release.pilots)}" if release.pilots else ""
    return f"{release.percent} % of all devices{pilots}"


def _signers(options: argparse.Namespace) -> dict[str, list[CryptoSigner]]:
    keys = _keys(options)
    return {role: keys.read(role) for role in _ONLINE}


def _keys(options: argparse.Namespace) -> KeyFolder:
    return KeyFolder(options.keys, _passphrase(options.passphrase_file))


def _root_keys(options: argparse.Namespace) -> KeyFolder:
    return KeyFolder(options.root_keys, _passphrase(options.passphrase_file))


def _passphrase(file: Path | None) -> bytes | None:
    if file is None:
        return os.environ.get(PASSPHRASE_VARIABLE, "").encode() or None
    first_line = (read(file).splitlines() or [b""])[0]
    if not first_line:
        raise UpdateError(f"{file}: expected a passphrase in its first line, got none")
    return first_line
