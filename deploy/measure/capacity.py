"""A year on paper: from what one window takes to what many rooms need."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from deploy.measure.document import table
from deploy.measure.footprint import OutboxFootprint
from deploy.measure.wire import WireFootprint
from edge_agent.config import Health, OutboxSettings

YEARS: Final = {"school year, 200 days of 6 h": 200 * 6, "all year, day and night": 365 * 24}
"""How many hours a room counts in a year."""


@dataclass(frozen=True)
class Footprint:
    """What was measured of one window.

    Attributes:
        stored: bytes in a store, by its kind.
    """

    stored: dict[str, float]
    outbox: OutboxFootprint
    wire: WireFootprint


def one_window(footprint: Footprint) -> str:
    """A row for each thing that was measured."""
    box, wire = footprint.outbox, footprint.wire
    return table(
        ("one window", "bytes"),
        [
            ("JSON", _bytes(wire.payload)),
            ("on the wire, device to broker", _bytes(wire.window.sent)),
            ("on the wire, broker to device", _bytes(wire.window.received)),
            *(
                (f"row in {kind} with its indexes", _bytes(size))
                for kind, size in footprint.stored.items()
            ),
            ("in the outbox, while the broker is away", _bytes(box.waiting)),
            ("written to the outbox for a window that comes and goes", _bytes(box.written)),
            ("the same, as whole pages of the disk", _bytes(box.to_disk)),
            ("a health report on the wire, both ways", _bytes(sum(wire.health))),
            ("a connection made, both ways", _bytes(sum(wire.connect))),
        ],
    )


def outbox_text(footprint: Footprint, window_seconds: float) -> str:
    """How much an outbox writes, and how long it lasts."""
    box, limits = footprint.outbox, OutboxSettings()
    an_hour = 3600 / window_seconds
    hours = limits.max_megabytes * 1e6 / box.waiting / an_hour
    return (
        f"With a window every {window_seconds:g} s, a device writes "
        f"{_size(box.written * an_hour)} an hour to its outbox ({_size(box.to_disk * an_hour)} as "
        f"whole pages of the disk, {_size(box.to_disk * an_hour * 8760)} in a year day and night), "
        f"and the {limits.max_megabytes:g} MB of `outbox.max_megabytes` last for an outage of "
        f"{min(hours, 24 * limits.max_age_days):,.0f} hours."
    )


def years(footprint: Footprint, rooms: Sequence[int], window_seconds: float) -> str:
    """A row for each number of rooms and kind of year."""
    wire, rows = footprint.wire, []
    for number in rooms:
        for name, hours in YEARS.items():
            windows = number * hours * 3600 / window_seconds
            reports = number * hours * 3600 / Health().interval_seconds
            transferred = windows * sum(wire.window) + reports * sum(wire.health)
            rows.append(
                (
                    f"{number:,}",
                    name,
                    f"{windows / 1e6:,.2f} million",
                    f"{number / window_seconds:,.1f}",
                    *(_size(windows * size) for size in footprint.stored.values()),
                    _size(transferred),
                )
            )
    return table(("rooms", "a year", "windows", "a second", *footprint.stored, "on the wire"), rows)


def _bytes(number: float) -> str:
    return f"{number:,.0f}"


def _size(number: float) -> str:
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if number >= size:
            return f"{number / size:,.1f} {unit}"
    return f"{number / 1e3:,.1f} kB"
