"""The command line: ``python -m deploy.updates.client``."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deploy.certificates.private_files import FileError
from deploy.updates.client import update
from deploy.updates.client.installation import Installation
from deploy.updates.client.memory import MemoryFolder
from deploy.updates.client.service import Service
from deploy.updates.client.settings import DEFAULT_FILE, UpdateSettings, load
from deploy.updates.errors import UpdateError
from edge_agent import __version__


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns 0, or 1 after one sentence on what was refused or rolled back."""
    options = parser().parse_args(arguments)
    try:
        print(options.run(load(options.config)), flush=True)
    except (UpdateError, FileError) as error:
        print(f"update: {error}", file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    """The parser, which a test compares with the documents."""
    top = argparse.ArgumentParser(
        prog="python -m deploy.updates.client",
        description="Updates this device by signed releases, and goes back to the old one where a "
        "new one does not count. systemd starts it; docs/operations.md tells what it says.",
    )
    top.add_argument("--version", action="version", version=f"updater {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    _add(
        commands,
        "run",
        update.run,
        "take the newest release that is meant for this device",
        "Looks for a release, checks it, installs it beside the one in use, switches, and goes "
        "back unless a count is delivered. What is refused is said in one sentence; the exit code "
        "is then 1, and the old version runs on.",
    )
    _add(
        commands,
        "status",
        _status,
        "show which release runs, which is on trial, and which are refused",
        "Shows what this device runs and remembers; asks nobody and changes nothing.",
    )
    return top


def _add(commands: Any, name: str, function: Any, summary: str, description: str) -> None:
    command = commands.add_parser(name, help=summary, description=description)
    command.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        default=DEFAULT_FILE,
        help="settings in YAML, %(default)s without it",
    )
    command.set_defaults(run=function)


def _status(settings: UpdateSettings) -> str:
    memory = MemoryFolder(settings.memory_folder).read()
    state = Service(settings.unit, list(settings.agent_folders)).state()
    running = f"{state.agent}, {state.state}: {state.reason}" if state else "nothing known"
    lines = [
        f"current: {Installation(settings.install_folder).current()}",
        f"running: {running}",
        f"minimum: {memory.minimum_version or 'none yet'}",
        f"on trial: {memory.trial.version if memory.trial else 'nothing'}",
        *(f"refused: {version}: {reason}" for version, reason in memory.bad.items()),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
