"""Tests what lies on the disk: the outbox, secrets, cameras' permissions, and room."""

import contextlib
import getpass
import os
import shutil
import sqlite3
from pathlib import Path
from typing import Final

from edge_agent.config import AUTO, Settings
from edge_agent.finding import Finding
from edge_agent.outbox import state_folder

_LEAST_BYTES: Final = 5_000_000


def agent_is_running(settings: Settings) -> bool:
    """Whether an agent has the outbox of this device in use."""
    file = _outbox_file(settings)
    if file is None or not file.exists():
        return False
    try:
        with contextlib.closing(
            sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=0)
        ) as connection:
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        return "locked" in str(error)
    return False


def check_permissions(settings: Settings) -> Finding:
    """Whether the agent may use cameras and its outbox, and others may not read its secrets."""
    problems = []
    for device in sorted(Path("/dev").glob("video*")):
        if not os.access(device, os.R_OK | os.W_OK):
            user = getpass.getuser()
            problems.append(f"no permission to use {device}: usermod -aG video {user}")
            break
    file = _outbox_file(settings)
    if file is not None:
        # The file, or the folder in which it can be made.
        place = _existing(file)
        if not os.access(place, os.R_OK | os.W_OK | (os.X_OK if place.is_dir() else 0)):
            problems.append(f"no permission to write {place}: chown it to {getpass.getuser()}")
    for secret in (settings.mqtt.password_file, settings.mqtt.key_file):
        if secret is not None and Path(secret).exists() and Path(secret).stat().st_mode & 0o007:
            problems.append(f"everybody on this machine may read {secret}: chmod 640 {secret}")
    if problems:
        return Finding("permissions", "failed", "; ".join(problems))
    return Finding("permissions", "ok", "cameras, outbox and secrets are as they should be")


def check_disk(settings: Settings) -> Finding:
    """Whether there is room for windows that wait."""
    file = _outbox_file(settings)
    if file is None:
        return Finding("disk", "ok", "not used: windows wait in memory (outbox.file is null)")
    place = _existing(file)
    free = shutil.disk_usage(place).free
    told = f"{free / 1e6:.0f} MB free for {file}"
    if free < _LEAST_BYTES:
        return Finding("disk", "failed", f"{told}: make room")
    if free < settings.outbox.max_megabytes * 1e6:
        return Finding(
            "disk",
            "warning",
            f"{told}, which may take {settings.outbox.max_megabytes:g}: make room, or lower "
            "outbox.max_megabytes",
        )
    return Finding("disk", "ok", told)


def _outbox_file(settings: Settings) -> Path | None:
    if settings.outbox.file == AUTO:
        deployment = settings.deployment
        return state_folder() / f"{deployment.site}.{deployment.device}.outbox.db"
    return None if settings.outbox.file is None else Path(settings.outbox.file)


def _existing(path: Path) -> Path:
    """The path, or the nearest folder above it that is there."""
    return next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())
