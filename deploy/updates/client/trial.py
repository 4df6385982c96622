"""A release on trial: switched to, and back again unless it counts."""

from dataclasses import dataclass
from typing import Final

from packaging.version import Version

from deploy.updates.client.installation import CURRENT, PREVIOUS, UPDATER, Installation
from deploy.updates.client.memory import Memory, MemoryFolder, Trial
from deploy.updates.client.service import Service, rests
from deploy.updates.errors import UpdateError

_LEAST_PATIENCE: Final = 300.0
"""For the old release, which nobody waits for: only whose fault it was hangs on it."""


@dataclass(frozen=True)
class Trials:
    """What a trial works on.

    Attributes:
        patience_seconds: how long a release may take to its first delivered count.
    """

    folder: MemoryFolder
    installation: Installation
    service: Service
    patience_seconds: float

    def begin(self, memory: Memory, version: Version, previous: Version) -> str:
        """Tries a release that is installed; returns a sentence for the journal.

        Raises:
            UpdateError: when it was rolled back.
        """
        # Before the switch: after a power cut, the next run must know what is going on.
        trial = Trial(version=str(version), previous=str(previous))
        memory = memory.model_copy(update={"trial": trial})
        self.folder.write(memory)
        return self.settle(memory)

    def settle(self, memory: Memory) -> str:
        """Brings a trial to its end, also one that an earlier run has left.

        Raises:
            UpdateError: when the release was rolled back.
        """
        assert memory.trial is not None
        version, previous = Version(memory.trial.version), Version(memory.trial.previous)
        if not self.installation.has(version):
            # Its folder was deleted by hand, or the disk lost it.
            return self._roll_back(memory, "its folder is gone")
        earlier = self.service.state()
        if (
            self.installation.current() != version
            or earlier is None
            or (earlier.agent != version.public)
        ):
            self.installation.switch(version, CURRENT)
            self.service.restart()
        if self.service.await_proof(version, unlike=None, patience_seconds=self.patience_seconds):
            return self._accept(memory, version, previous)
        if rests(self.service.state(), version):
            return f"{version} runs, but is paused: the next run sees whether it counts"
        return self._roll_back(memory, f"no count was delivered within {self.patience_seconds:g} s")

    def _accept(self, memory: Memory, version: Version, previous: Version) -> str:
        changes = {"minimum_version": str(version), "trial": None}
        self.folder.write(memory.model_copy(update=changes))
        self.installation.switch(version, UPDATER)
        self.installation.switch(previous, PREVIOUS)
        self.installation.clean({version, previous})
        return f"updated from {previous} to {version}, which counts"

    def _roll_back(self, memory: Memory, reason: str) -> str:
        assert memory.trial is not None
        version, previous = Version(memory.trial.version), Version(memory.trial.previous)
        state = self.service.state()
        self.installation.switch(previous, CURRENT)
        self.service.restart()
        counts_again = self.service.await_proof(
            previous,
            unlike=state.boot_id if state else None,
            patience_seconds=max(self.patience_seconds, _LEAST_PATIENCE),
        )
        if counts_again or rests(self.service.state(), previous):
            bad = {**memory.bad, str(version): reason}
            self.folder.write(memory.model_copy(update={"trial": None, "bad": bad}))
            self.installation.remove(version)
            raise UpdateError(
                f"{version}: expected a first count, got: {reason}; {previous} is back and "
                f"counts, and {version} is not tried again: publish a repaired one"
            )
        # Neither counts: a camera or a broker is away, and the release is not to blame.
        self.folder.write(memory.model_copy(update={"trial": None}))
        raise UpdateError(
            f"{version}: expected a first count, got: {reason}; {previous} is back, but does not "
            "count either: see to the camera and the broker, then the release is tried again"
        )
