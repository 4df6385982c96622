"""The agent killed at every single write to its state: what it had promised is there afterwards."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.outbox import Outbox
from edge_agent.pause import Pause
from tests.support import PATIENCE_SECONDS, REPOSITORY, debian_program

pytestmark = pytest.mark.strace
CALLS = ("pwrite64", "write", "fsync", "fdatasync", "ftruncate", "unlink", "rename", "openat")
PUT = (
    "import sys; from pathlib import Path; from edge_agent.outbox import Outbox\n"
    "from tests.edge_agent.support import counts\n"
    "box = Outbox(Path(sys.argv[1])); box.begin_connection()\n"
    "for seq in range(3):\n"
    "    box.put(counts(seq)); print(seq, flush=True)\n"
    "box.close()\n"
)
PAUSE = (
    "import sys; from pathlib import Path; from edge_agent.pause import Pause\n"
    "pause = Pause(Path(sys.argv[1]))\n"
    "for on in (True, True, False, False):\n"
    "    pause.set(on); print(int(on), flush=True)\n"
)


def killed_everywhere(script: str, folder: Path, name: str) -> Iterator[tuple[Path, list[int]]]:
    """Runs a script again and again, killed at the first write to its files, then the second, …

    Yields:
        Its file, in a folder of its own, and what it had said it had done when it was killed.
    """
    strace = debian_program("strace", package="strace")
    for call in CALLS:
        for when in range(1, 1000):
            place = folder / f"{call}-{when}"
            place.mkdir()
            file = place / name
            paths = (file, f"{file}-wal", f"{file}-journal", place)
            done = subprocess.run(
                [
                    *(strace, "--follow-forks", "--output=/dev/null", "--trace=all"),
                    *(f"--trace-path={path}" for path in paths),
                    f"--inject={call}:signal=SIGKILL:when={when}",
                    *(sys.executable, "-c", script, str(file)),
                ],
                cwd=REPOSITORY,
                capture_output=True,
                text=True,
                timeout=PATIENCE_SECONDS,
            )
            yield file, [int(line) for line in done.stdout.split()]
            if done.returncode == 0:
                break
            assert done.returncode in (-9, 137), done.stderr


@pytest.mark.long
def test_no_window_that_was_put_is_lost_and_no_file_is_damaged(tmp_path: Path) -> None:
    kills = 0
    for file, promised in killed_everywhere(PUT, tmp_path, "room.outbox.db"):
        kills += promised != [0, 1, 2]
        box = Outbox(file)
        box.begin_connection()
        found = [taken.window.seq for taken in iter(lambda box=box: box.take(1000), None)]
        box.close()
        # The one in hand may be there, too.
        assert found[: len(promised)] == promised, file.parent.name
        assert found == list(range(len(found)))
        assert not list(file.parent.glob("*.damaged")), file.parent.name
    print(f"\nkilled {kills} times before the end")
    assert kills > 10


def test_a_pause_is_as_it_was_last_promised(tmp_path: Path) -> None:
    wishes, kills = [1, 1, 0, 0], 0
    for file, promised in killed_everywhere(PAUSE, tmp_path, "room.paused"):
        kills += promised != wishes
        # What was being done may have been done, or not; what was done stays.
        last, next_wish = [0, *wishes][len(promised)], [*wishes, 0][len(promised)]
        assert int(Pause(file).on) in {last, next_wish}, file.parent.name
        # And it can be changed.
        Pause(file).set(False)
        assert not Pause(file).on
    assert kills > 2
