"""A release as publisher and device know it: for which machines, and for how many of them."""

import hashlib
from typing import Annotated, Any, Final, Literal

from packaging.version import Version
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from deploy.updates.errors import UpdateError
from edge_agent.messages import Identifier, describe

PROJECT: Final = "classroom-emotion-counts"
MANIFESTS: Final = "releases"
WHEELS: Final = "wheels"
ARCHITECTURES: Final = ("aarch64", "x86_64")


def _normal(text: str) -> str:
    normal = str(Version(text))  # InvalidVersion is a ValueError
    if normal != text:
        raise ValueError(f"expected a version as Python writes it, {normal}")
    return text


def _published(text: str) -> str:
    # The installer appends +… to the folder of what it has built from other sources itself.
    if Version(text).local is not None:
        raise ValueError("expected a version without +")
    return text


FolderVersion = Annotated[str, Field(max_length=60), AfterValidator(_normal)]
VersionText = Annotated[
    str, Field(max_length=40), AfterValidator(_normal), AfterValidator(_published)
]
WheelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]{0,250}\.whl$")]
Room = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,48}/[a-z0-9-]{1,48}$")]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Release(_Closed):
    """What the signed list of targets says of one release on one kind of machine.

    Attributes:
        architecture: as ``uname -m`` says it.
        python: major and minor version of the system's Python.
        installed_bytes: that its files take once installed.
        percent: of all devices that are to take it; signed metadata knows whole numbers only.
        pilots: ``site/device`` of those that take it whatever the percentage.
    """

    version: VersionText
    architecture: Literal["aarch64", "x86_64"]
    python: Annotated[str, Field(pattern=r"^3\.[0-9]{1,2}$")]
    installed_bytes: Annotated[int, Field(ge=0)]
    percent: Annotated[int, Field(ge=0, le=100)] = 100
    pilots: Annotated[tuple[Room, ...], Field(max_length=1000)] = ()

    @property
    def number(self) -> Version:
        """The version, to be compared."""
        return Version(self.version)

    @property
    def platform(self) -> str:
        """The kind of machine that it is for."""
        return platform_name(self.architecture, self.python)

    @property
    def manifest(self) -> str:
        """The name of its manifest among the targets."""
        return f"{MANIFESTS}/{self.version}-{self.platform}.json"

    def is_for(self, site: Identifier, device: Identifier) -> bool:
        """Whether a device is among those that are to take it."""
        return f"{site}/{device}" in self.pilots or place_in_fleet(site, device) < self.percent


class Manifest(_Closed):
    """What a release consists of; each wheel is a target of its own."""

    version: VersionText
    architecture: Literal["aarch64", "x86_64"]
    python: str
    wheels: Annotated[tuple[WheelName, ...], Field(min_length=1, max_length=500)]


def platform_name(architecture: str, python: str) -> str:
    """A kind of machine, ``aarch64-py3.11``."""
    return f"{architecture}-py{python}"


def place_in_fleet(site: str, device: str) -> float:
    """Where a device stands in the order in which stages reach it, 0 to 100.

    It depends on its names alone: a wider stage has all rooms of the narrower one.
    """
    digest = hashlib.sha256(f"{site}/{device}".encode()).digest()
    return 100 * int.from_bytes(digest[:8], "big") / 2**64


def read_release(target: str, custom: Any) -> Release:
    """Reads what is signed beside a manifest's hash.

    Raises:
        UpdateError: where it is none of ours.
    """
    try:
        return Release.model_validate(custom)
    except ValidationError as error:
        raise UpdateError(
            f"{target}: expected the description of a release, got: {describe(error)}; publish it "
            "with `python -m deploy updates`"
        ) from error


def read_manifest(content: bytes, release: Release) -> Manifest:
    """Reads a manifest.

    Raises:
        UpdateError: where it is none, or another release's.
    """
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        raise UpdateError(
            f"{release.manifest}: expected a manifest, got: {describe(error)}; publish it again"
        ) from error
    if (manifest.version, manifest.architecture, manifest.python) != (
        release.version,
        release.architecture,
        release.python,
    ):
        raise UpdateError(
            f"{release.manifest}: expected the manifest of {release.version} for "
            f"{release.platform}, got that of {manifest.version} for "
            f"{platform_name(manifest.architecture, manifest.python)}; publish it again"
        )
    return manifest
