"""ShellCheck has nothing to say about any shell script."""

import subprocess
from pathlib import Path

import pytest

from tests.support import REPOSITORY, debian_program


def _names_a_shell(file: Path) -> bool:
    if not file.is_file():
        return False
    with file.open("rb") as content:
        first = content.readline(80).strip()
    return first.startswith(b"#!") and first.endswith(b"sh")


def _shell_scripts() -> list[Path]:
    """All files that git knows and whose first line names a shell."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True)
    names = listed.stdout.decode().split("\0")
    return [file for name in names if name and _names_a_shell(file := REPOSITORY / name)]


@pytest.mark.parametrize(
    "script", _shell_scripts(), ids=lambda path: str(path.relative_to(REPOSITORY))
)
def test_shellcheck_has_nothing_to_say(script: Path) -> None:
    program = debian_program("shellcheck", package="shellcheck")
    answer = subprocess.run([program, "--external-sources", script], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout
