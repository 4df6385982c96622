"""What is written at once: windows, each device's newest words, and refusals counted."""

from datetime import datetime
from typing import Any, Final

from dashboard.records import ended_at
from dashboard.schema import REASON_LENGTH, WINDOWS
from edge_agent.emotions import EMOTIONS
from edge_agent.messages import MESSAGES, Counts, Health, Status

_AS_SENT: Final = [name for name in WINDOWS.c.keys() if name in Counts.model_fields]  # noqa: SIM118
_NO_PEOPLE: Final = dict.fromkeys(EMOTIONS)
_NOTHING_SAID: Final = dict.fromkeys(("status", "status_at", "health", "health_at", "seen_at"))


class Batch:
    """Rows for one transaction; all moments must carry a time zone.

    Messages are added in the order in which they came: of each device only the newest status
    and health are kept, and refusals of one kind and cause become one row.
    """

    def __init__(self) -> None:
        """Nothing yet."""
        self.windows: list[dict[str, Any]] = []
        self._devices: dict[tuple[str, str], dict[str, Any]] = {}
        self._rejected: dict[tuple[str, str], dict[str, Any]] = {}

    @property
    def devices(self) -> list[dict[str, Any]]:
        """One row a device, null in what it did not say."""
        return list(self._devices.values())

    @property
    def rejected(self) -> list[dict[str, Any]]:
        """One row a kind and cause."""
        return list(self._rejected.values())

    def add_counts(self, site: str, counts: Counts, received_at: datetime) -> None:
        """Adds a window; the store keeps the first of several with the same name."""
        # Not model_dump(): it writes the moments as text.
        row = {name: getattr(counts, name) for name in _AS_SENT}
        row |= _NO_PEOPLE if counts.counts is None else counts.counts.model_dump()
        row |= {"site": site, "received_at": received_at, "ended_at": ended_at(counts, received_at)}
        self.windows.append(row)
        self._device(site, counts.device)["seen_at"] = received_at

    def set_status(
        self,
        site: str,
        device: str,
        status: Status,
        received_at: datetime,
        *,
        retained: bool = False,
    ) -> None:
        """Adds a device's status; ``retained`` says that it is the broker's memory."""
        row = self._device(site, device)
        row |= {"status": status.to_json().decode(), "status_at": received_at}
        if not retained and status.reason != "connection_lost":
            row["seen_at"] = received_at

    def set_health(self, site: str, device: str, health: Health, received_at: datetime) -> None:
        """Adds a device's health."""
        row = self._device(site, device)
        row |= {"health": health.to_json().decode(), "health_at": received_at}
        row["seen_at"] = received_at

    def reject(self, kind: str, cause: str, reason: str, received_at: datetime) -> None:
        """Counts a refused message.

        Args:
            kind: last part of its topic; one that is not ours becomes ``other``.
            cause: a fixed word, as `MessageError` carries it.
            reason: what a person is told, as an example of all with this cause.
        """
        kind = kind if kind in MESSAGES else "other"
        row = self._rejected.setdefault(
            (kind, cause), {"kind": kind, "cause": cause, "times": 0, "first_at": received_at}
        )
        row |= {"times": row["times"] + 1, "reason": reason[:REASON_LENGTH]}
        row["last_at"] = received_at

    def _device(self, site: str, device: str) -> dict[str, Any]:
        return self._devices.setdefault(
            (site, device), {"site": site, "device": device, **_NOTHING_SAID}
        )
