"""One run of the updater: look, choose, fetch, install, try."""

import shutil
from pathlib import Path

from packaging.version import Version

from deploy.updates.client import environment
from deploy.updates.client.installation import Installation, architecture, python_version
from deploy.updates.client.memory import Memory, MemoryFolder
from deploy.updates.client.offers import Offers
from deploy.updates.client.service import Service, is_at_work
from deploy.updates.client.settings import UpdateSettings
from deploy.updates.client.trial import Trials
from deploy.updates.errors import UpdateError
from deploy.updates.release import Release, platform_name
from edge_agent import config
from edge_agent.errors import ConfigError

_ROOM_TO_SPARE = 50_000_000


def run(settings: UpdateSettings) -> str:
    """Updates this device where there is something to take.

    Returns:
        A sentence for the journal.

    Raises:
        UpdateError: why something was refused or rolled back; the old version then runs on.
    """
    folder = MemoryFolder(settings.memory_folder)
    with folder.locked():
        memory = folder.read()
        installation = Installation(settings.install_folder)
        service = Service(settings.unit, list(settings.agent_folders))
        trials = Trials(folder, installation, service, settings.patience_seconds)
        if memory.trial is not None:
            return trials.settle(memory)
        current = installation.current()
        offers = Offers(settings, folder)
        release = choose(offers.releases(), memory, current, *_names(settings.agent_config))
        if release is None:
            return f"{current} is up to date"
        state = service.state()
        if state is None or not is_at_work(state, current):
            return (
                f"{release.version} waits: {current} does not count at the moment "
                f"({_doing(state)}), so nobody could tell whether {release.version} does"
            )
        _install(settings, installation, offers, release, current)
        return trials.begin(memory, release.number, current)


def choose(
    releases: list[Release], memory: Memory, current: Version, site: str, device: str
) -> Release | None:
    """The newest release that this device is to take; None where it has it already.

    Raises:
        UpdateError: where all that is offered is older than what has counted here, or is made
            for other machines.
    """
    current = Version(current.public)
    platform = platform_name(architecture(), python_version())
    fitting = [one for one in releases if one.platform == platform]
    newer_elsewhere = [one for one in releases if one.number > current and one not in fitting]
    if newer_elsewhere and not any(one.number > current for one in fitting):
        newest = max(newer_elsewhere, key=lambda one: one.number)
        raise UpdateError(
            f"{newest.version}: expected a release for {platform}, got one for {newest.platform}; "
            "publish it for this kind of device, too"
        )
    if fitting and all(one.number < current for one in fitting):
        newest = max(fitting, key=lambda one: one.number)
        raise UpdateError(
            f"{newest.version}: expected {current} or newer, got an older one; devices never go "
            "back: publish the old code with a new version"
        )
    wanted = [
        one
        for one in fitting
        if one.number > current and one.version not in memory.bad and one.is_for(site, device)
    ]
    if not wanted:
        return None
    newest = max(wanted, key=lambda one: one.number)
    if memory.refuses(newest.number):
        raise UpdateError(
            f"{newest.version}: expected at least {memory.minimum_version}, which has counted "
            "here, got an older one; publish a newer one"
        )
    return newest


def _install(
    settings: UpdateSettings,
    installation: Installation,
    offers: Offers,
    release: Release,
    current: Version,
) -> None:
    """Puts a release beside the one in use, whole and tried out, or not at all."""
    version = release.number
    if installation.has(version):
        return
    installation.clean({current})
    needed = release.installed_bytes + _ROOM_TO_SPARE
    installation.require_room(installation.releases, needed, release.version)
    wheels = offers.download(release)
    environment.require_fit(wheels)
    folder = installation.path(version)
    # What a killed run has left is none of it.
    shutil.rmtree(folder, ignore_errors=True)
    environment.build(folder, wheels, like=installation.path(current))
    try:
        environment.try_out(
            installation.python(version), release.version, settings.agent_config, settings.user
        )
    except UpdateError:
        installation.remove(version)
        raise
    installation.inherit(version, current)
    installation.complete(version)
    offers.forget(wheels)


def _names(file: Path) -> tuple[str, str]:
    try:
        deployment = config.load(file).deployment
    except ConfigError as error:
        raise UpdateError(str(error)) from error
    return deployment.site, deployment.device


def _doing(state: object) -> str:
    from edge_agent.state_file import AgentState

    if not isinstance(state, AgentState):
        return "it has said nothing yet"
    if state.proven:
        return f"{state.agent} runs"
    if state.state == "online" and not state.delivered:
        return "no window was delivered since its start"
    return f"{state.state}: {state.reason}"
