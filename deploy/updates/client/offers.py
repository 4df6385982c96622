"""What the publisher offers: signed metadata and wheels, checked by TUF's client."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import urllib3.exceptions
from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadHTTPError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    UnsignedMetadataError,
)
from tuf.api.metadata import Metadata
from tuf.ngclient import Updater

from deploy.updates.client.memory import MemoryFolder
from deploy.updates.client.settings import UpdateSettings
from deploy.updates.errors import UpdateError
from deploy.updates.release import MANIFESTS, WHEELS, Release, read_manifest, read_release


class Offers:
    """The publisher's releases, as signed.

    Args:
        settings: name the repository and the root.
        folder: keeps the newest metadata, so that nobody can go back to older, and downloads.

    Raises:
        UpdateError: where the repository cannot be reached or believed.
    """

    def __init__(self, settings: UpdateSettings, folder: MemoryFolder) -> None:
        self._folder = folder
        if settings.ca_file is not None:
            # What TLS reads in place of the system's authorities.
            os.environ["SSL_CERT_FILE"] = str(settings.ca_file)
        # TUF's client downloads there first; /tmp may be in memory, which a Pi has little of.
        tempfile.tempdir = str(folder.downloads)
        url = settings.url.rstrip("/")
        try:
            root = settings.root_file.read_bytes()
        except OSError as error:
            raise UpdateError(
                f"{settings.root_file}: expected the publisher's root, got: {error.strerror}; copy "
                "it from the repository's metadata/"
            ) from error
        with _explained("the list of releases"):
            self._updater = Updater(
                str(folder.metadata),
                f"{url}/metadata/",
                str(folder.downloads),
                f"{url}/targets/",
                bootstrap=root,
            )
            self._updater.refresh()

    def releases(self) -> list[Release]:
        """All that are offered, to whatever machine."""
        # What was just verified; TUF's client has no list of its own to give.
        listed = Metadata[Any].from_file(str(self._folder.metadata / "targets.json"))
        return [
            read_release(name, target.custom)
            for name, target in listed.signed.targets.items()
            if name.startswith(f"{MANIFESTS}/")
        ]

    def download(self, release: Release) -> list[Path]:
        """Brings the wheels of a release; what is here already is only checked.

        Raises:
            UpdateError: where one cannot be had as it was signed.
        """
        content = self._download(release.manifest).read_bytes()
        manifest = read_manifest(content, release)
        return [self._download(f"{WHEELS}/{name}") for name in manifest.wheels]

    def forget(self, wheels: list[Path]) -> None:
        """Deletes downloads other than these, which the next release may share."""
        for file in self._folder.downloads.iterdir():
            if file not in wheels:
                with contextlib.suppress(OSError):
                    file.unlink()

    def _download(self, name: str) -> Path:
        path = self._folder.downloads / name.rpartition("/")[2]
        with _explained(name):
            target = self._updater.get_targetinfo(name)
            if target is None:
                raise UpdateError(f"{name}: expected a signed file, found none; publish it again")
            if self._updater.find_cached_target(target, str(path)) is None:
                self._updater.download_target(target, str(path))
        return path


@contextmanager
def _explained(what: str) -> Iterator[None]:
    """Says in one sentence why something from the repository is refused."""
    try:
        yield
    except ExpiredMetadataError as error:
        raise UpdateError(
            f"{what}: expected signatures that are still good, got expired ones ({error}); the "
            "publisher has to run `updates refresh`, or this device's clock is wrong"
        ) from error
    except BadVersionNumberError as error:
        raise UpdateError(
            f"{what}: expected nothing older than what was seen here before, got an older list "
            f"({error}); somebody serves an old copy of the repository"
        ) from error
    except UnsignedMetadataError as error:
        raise UpdateError(
            f"{what}: expected the publisher's signature, got none that is known ({error}); it "
            "was changed on its way, or comes from somebody else"
        ) from error
    except LengthOrHashMismatchError as error:
        raise UpdateError(
            f"{what}: expected the file that was signed, got another ({error}); it was changed "
            "or cut off on its way"
        ) from error
    except DownloadHTTPError as error:
        raise UpdateError(
            f"{what}: expected it in the repository, got HTTP {error.status_code}; check the url"
        ) from error
    except (DownloadError, urllib3.exceptions.HTTPError) as error:
        raise UpdateError(
            f"{what}: expected a whole answer, got: {_cause(error)}; tried again at the next run"
        ) from error
    except RepositoryError as error:
        raise UpdateError(
            f"{what}: expected signed metadata, got something else ({_cause(error)})"
        ) from error
    except OSError as error:
        raise UpdateError(
            f"{what}: expected room on a disk that can be written, got: "
            f"{error.strerror or error}; make room"
        ) from error


def _cause(error: BaseException) -> str:
    """The innermost reason, on one line."""
    while error.__cause__ is not None:
        error = error.__cause__
    return " ".join(str(error).split())[:200]
