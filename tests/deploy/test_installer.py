"""The installer where it must refuse, and its text; `make install-arm64` installs for real."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.support import REPOSITORY, debian_program

SCRIPTS = sorted(
    [
        REPOSITORY / "deploy" / "install.sh",
        *(REPOSITORY / "deploy" / "debian" / name for name in ("postinst", "prerm", "postrm")),
    ]
)


def install(
    *arguments: str | Path, before: Path | None = None, user: str = "root"
) -> subprocess.CompletedProcess[str]:
    """Runs the installer.

    Args:
        before: a folder of programs that it finds before the system's.
    """
    path = f"{before}:{os.environ['PATH']}" if before else os.environ["PATH"]
    command = [REPOSITORY / "deploy" / "install.sh", *arguments]
    if user != "root":
        command = ["setpriv", "--reuid", user, "--clear-groups", *command]
    return subprocess.run(
        [str(word) for word in command],
        env=os.environ | {"PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


def program(folder: Path, name: str, answer: str) -> Path:
    """A program that says always the same."""
    (folder / name).write_text(f"#!/bin/sh\necho {answer}\n")
    (folder / name).chmod(0o755)
    return folder


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_finds_nothing(script: Path) -> None:
    shellcheck = debian_program("shellcheck", package="shellcheck")
    done = subprocess.run([shellcheck, script], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_help_tells_every_option() -> None:
    done = install("--help")
    assert done.returncode == 0
    text = (REPOSITORY / "deploy" / "install.sh").read_text()
    arguments = text[text.index("while [") : text.index("\ndone\n")]
    for option in re.findall("--[a-z][a-z-]*", arguments):
        assert option in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--frobnicate"], "expected an option that --help shows, got --frobnicate"),
        (["--purpose"], "expected a value after --purpose, got none"),
        (["--upgrade", "--rollback"], "expected one of --upgrade and --rollback, got both"),
        (["--purge"], "expected --purge with --uninstall, got it alone"),
    ],
)
def test_a_wrong_option_is_refused_in_a_sentence(arguments: list[str], sentence: str) -> None:
    done = install(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"install.sh: {sentence}\n"


@pytest.fixture
def as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("the installer asks for root first")


@pytest.mark.usefixtures("as_root")
def test_only_root_may_run_it() -> None:
    done = install("--upgrade", user="65534")
    assert done.returncode == 2
    assert "expected to run as root" in done.stderr


@pytest.mark.usefixtures("as_root")
@pytest.mark.parametrize("architecture", ["armhf", "armel", "i386"])
def test_32_bits_are_refused_with_the_reason(architecture: str, tmp_path: Path) -> None:
    # --stage changes nothing but a folder, should the check ever let it through.
    done = install("--stage", before=program(tmp_path, "dpkg", architecture))
    assert done.returncode == 2
    assert f"expected a 64-bit system (arm64 or amd64), got {architecture}" in done.stderr
    assert "LiteRT, is not made for 32 bits" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.usefixtures("as_root")
def test_another_python_is_refused(tmp_path: Path) -> None:
    program(tmp_path, "dpkg", "amd64")
    done = install("--stage", before=program(tmp_path, "python3", "3.9"))
    assert done.returncode == 2
    assert "install.sh: expected" in done.stderr and len(done.stderr.splitlines()) == 1
