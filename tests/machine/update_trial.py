"""A computer takes a signed release by itself, and puts the next, which never counts, back."""

import re
import shutil
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from dashboard.store import Store
from deploy.certificates.names import BROKER
from deploy.device.bundle import PROJECT_WHEEL, build_wheel
from edge_agent import __version__
from tests.deploy.support import SITE, Recording, School
from tests.deploy.updates import Publisher, never_counts, serving
from tests.edge_agent.support import START
from tests.machine.computer import HOST, Computer
from tests.machine.image import BUNDLE, TARGET, Image
from tests.machine.next_boot import next_boot
from tests.machine.updates import Updates
from tests.releases import sources_of

GOOD: Final = "98.0.0"
BAD: Final = "99.0.0"
_PATIENCE_SECONDS: Final = 480.0
"""For a release's first count: without KVM, an agent takes a minute or two to start."""
_LONGEST_SECONDS: Final = 3600.0
"""For anything that the updater does."""


@contextmanager
def publishing(folder: Path, school: School) -> Iterator[tuple[Publisher, Updates]]:
    """A publisher whose repository is served over HTTPS, and what a computer must know of it."""
    files = school.authority.newest(BROKER)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(files / "certificate.pem", files / "key.pem")
    publisher = Publisher(folder / "publisher")
    with serving(publisher.repository, tls) as server:
        url = server.url.replace("127.0.0.1", HOST)
        yield publisher, Updates(url, publisher.root, _PATIENCE_SECONDS)


class UpdateTrial:
    """One computer with its updater, the school's broker and recorder, and a publisher.

    Args:
        folder: for wheels and the console.
        say: is told what happens, in a line of a table.
    """

    def __init__(
        self,
        folder: Path,
        image: Image,
        recording: Recording,
        publisher: Publisher,
        say: Callable[[str], None],
    ) -> None:
        self._folder = folder
        self._image = image
        self._console = folder / "console.log"
        self._store: Store = recording.store
        self._publisher = publisher
        self._say = say
        self._computer = Computer(image, self._console)
        self._began = 0.0

    def run(self) -> None:
        """Goes through all of it.

        Raises:
            TimeoutError: where something did not come about.
        """
        self._began = time.monotonic()
        self._computer.switch_on()
        try:
            self._await_counting(__version__, set())
            known = self._publish(GOOD)
            self._await_said(f"updated from {__version__} to {GOOD}, which counts")
            self._await_counting(GOOD, known)
            known = self._publish(BAD)
            self._await_said(f"{GOOD} is back and counts, and {BAD} is not tried again")
            self._await_counting(GOOD, known)
            self._await_said(f"{GOOD} is up to date", times=1 + self._said_up_to_date())
        finally:
            self._computer.cut()
        self._require_links()

    def _publish(self, version: str) -> set[str]:
        """Offers a release; returns the starts of the agent that were before."""
        wheels = self._folder / f"wheels-{version}"
        shutil.copytree(BUNDLE / "wheels", wheels, ignore=shutil.ignore_patterns(PROJECT_WHEEL))
        sources = self._folder / f"sources-{version}"
        if version == BAD:
            sources_of(version, sources, never_counts)
        else:
            sources_of(version, sources)
        build_wheel(wheels, sources=sources)
        known = self._starts()
        words = ("--architecture", TARGET.machine, "--python", TARGET.python)
        self._publisher.run("publish", "--wheels", str(wheels), *words)
        self._tell(f"{version} is published")
        return known

    def _await_counting(self, version: str, known: set[str]) -> None:
        """Returns once a window came of a start that was not known, and the status says whose."""

        def counts() -> bool:
            status = self._store.room(SITE, "room-101").status
            return (
                bool(self._starts() - known)
                and status is not None
                and (status.state, status.versions.agent) == ("online", version)
                and status.boot_id in self._starts() - known
            )

        self._await(counts, f"no window of {version} came")
        self._tell(f"windows of {version} arrive")

    def _await_said(self, sentence: str, *, times: int = 1) -> None:
        self._await(
            lambda: self._console.read_text(errors="replace").count(sentence) >= times,
            f"the updater did not say: {sentence}",
        )
        line = [line for line in self._said() if sentence in line][-1]
        self._tell(f"the updater says: {line}")

    def _said(self) -> list[str]:
        """What the updater has said on the console."""
        text = self._console.read_text(errors="replace")
        return [found.strip() for found in re.findall(r"python\[\d+\]: (.*)", text)]

    def _said_up_to_date(self) -> int:
        return sum(f"{GOOD} is up to date" in line for line in self._said())

    def _starts(self) -> set[str]:
        return {window.boot_id for window in self._store.windows(SITE, "room-101", START)}

    def _await(self, condition: Callable[[], bool], otherwise: str) -> None:
        until = time.monotonic() + _LONGEST_SECONDS
        while not condition():
            if not self._computer.on:
                raise TimeoutError("the computer has switched itself off; see console.log")
            if time.monotonic() > until:
                raise TimeoutError(f"{otherwise} in {_LONGEST_SECONDS:g} s; see console.log")
            time.sleep(0.5)

    def _require_links(self) -> None:
        """Looks on the disk, with the power cut, which release the next boot would start."""
        disk, folder = self._image.releases_disk
        with next_boot(disk, self._folder) as found:
            for link, version in (("current", GOOD), ("updater", GOOD), ("previous", __version__)):
                told = found.link(f"{folder}/{link}")
                if told != f"releases/{version}":
                    raise TimeoutError(f"{link}: expected releases/{version}, got {told}")
        self._tell(f"on the disk, current is {GOOD} and previous is {__version__}")

    def _tell(self, what: str) -> None:
        self._say(f"| {time.monotonic() - self._began:.0f} s | {what} |")
