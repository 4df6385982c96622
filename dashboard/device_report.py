"""Says of a device what whoever runs it must look at, the most pressing first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from dashboard import card_figures
from dashboard.records import Room

Finding = Literal[
    "failed",
    "never_heard",
    "offline",
    "silent",
    "camera_lost",
    "disk_unusable",
    "windows_lost",
    "throttled",
    "hot",
    "waiting",
    "missing",
    "slow",
    "other_networks",
]
FINDINGS: Final[tuple[Finding, ...]] = Finding.__args__  # type: ignore[attr-defined]
"""The most pressing first."""

HOT_C: Final = 80.0
"""A Raspberry Pi slows itself down from here on."""
SILENT: Final = timedelta(minutes=3)
"""A device tells how it feels every minute."""
WAITING_WINDOWS: Final = 60
SLOW_FPS: Final = 1.0


@dataclass(frozen=True)
class DeviceReport:
    """A device, and what is the matter with it.

    Attributes:
        findings: the most pressing first; empty where all is well.
        released: whether its networks are those of this program; None while it has not said.
        missing: windows that it counted and that did not come, in the time asked for.
    """

    room: Room
    findings: tuple[Finding, ...]
    released: bool | None
    missing: int


def reports(
    rooms: Sequence[Room], missing: dict[tuple[str, str], int], now: datetime
) -> list[DeviceReport]:
    """A report a room, those that need attention first, then by name.

    Args:
        missing: windows that did not come, by site and device.
    """
    made = [_report(room, missing.get((room.site, room.device), 0), now) for room in rooms]
    return sorted(made, key=_urgency)


def networks(room: Room) -> str:
    """The first eight letters of both networks' hashes, or nothing while it has not said."""
    if room.status is None:
        return ""
    hashes = room.status.model_sha256
    return f"{hashes.face_detector[:8]} {hashes.emotion_classifier[:8]}"


def _urgency(report: DeviceReport) -> tuple[int, str]:
    first = FINDINGS.index(report.findings[0]) if report.findings else len(FINDINGS)
    return first, report.room.name


def _report(room: Room, missing: int, now: datetime) -> DeviceReport:
    status, health = room.status, room.health
    released = None if status is None else card_figures.are_released(status.model_sha256)
    state = status.state if status else None
    stopped = state == "offline" and status is not None and status.reason in ("stopped",)
    found: dict[Finding, bool] = {
        "failed": status is not None and status.reason == "failed",
        "never_heard": status is None,
        "offline": state == "offline" and not stopped,
        "silent": state in ("online", "paused")
        and (room.seen_at is None or now - room.seen_at > SILENT),
        "camera_lost": status is not None and status.reason == "camera_lost",
        "missing": missing > 0,
        "other_networks": released is False,
    }
    # What it said before it went is no news of how it feels.
    if health is not None and state != "offline":
        found |= {
            "disk_unusable": health.outbox_state == "disk_unusable",
            "windows_lost": bool(health.windows_lost),
            "throttled": bool(health.throttled),
            "hot": (health.cpu_temperature_c or 0) >= HOT_C,
            "waiting": health.outbox_depth >= WAITING_WINDOWS,
            "slow": state == "online" and health.fps < SLOW_FPS,
        }
    findings = tuple(finding for finding in FINDINGS if found.get(finding))
    return DeviceReport(room, findings, released, missing)
