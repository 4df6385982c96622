"""What a month costs on paper, from list prices and what a device says."""

from dataclasses import dataclass
from typing import Final

PRICES_OF: Final = (
    "list prices of Frankfurt in US dollars, as known in 2025 and not looked up again"
)
_HOURS: Final = 730.0
_MILLION: Final = 1e6

# Per million, or per hour or GB where it says so.
CONNECTED_MINUTES: Final = 0.08
MESSAGES: Final = ((1e9, 1.00), (4e9, 0.80), (float("inf"), 0.70))
RULES_AND_ACTIONS: Final = 0.15 + 0.15
QUEUE_REQUESTS: Final = 0.40
CPU_HOUR: Final = 0.0466
MEMORY_GB_HOUR: Final = 0.0051
DATABASE_HOUR: Final = {"db.t4g.micro": 0.018, "db.t4g.medium": 0.073, "db.m7g.2xlarge": 0.80}
STORAGE_GB: Final = 0.137
BALANCER_HOUR: Final = 0.027
ADDRESS_HOUR: Final = 0.005
SECRET: Final = 0.40

WINDOW_SECONDS: Final = 5.0
LESSON_HOURS: Final = 120.0
"""A month: 20 days of 6 hours; outside, a timetable has the device rest."""
HEALTH_SECONDS: Final = 60.0
STATUSES: Final = 400
"""A month: connects, and where each lesson begins and ends."""
BYTES_A_WINDOW: Final = 430.0
"""In PostgreSQL, as docs/scale.md has measured."""
KEPT_MONTHS: Final = 3.0


@dataclass(frozen=True)
class School:
    """How large the rest must be.

    Attributes:
        feeders: of a quarter of a processor each; nobody has measured what one carries.
    """

    rooms: int
    database: str
    feeders: int


SCHOOLS: Final = (
    School(1, "db.t4g.micro", 1),
    School(100, "db.t4g.medium", 1),
    School(10_000, "db.m7g.2xlarge", 8),
)


def month(school: School) -> dict[str, float]:
    """US dollars by what they are for."""
    windows = school.rooms * LESSON_HOURS * 3600 / WINDOW_SECONDS
    health = school.rooms * _HOURS * 3600 / HEALTH_SECONDS
    statuses = school.rooms * STATUSES
    said = windows + health + statuses
    # A retained message is counted once more.
    messages = said + statuses
    # A queue is asked once for ten messages, and again once to delete them.
    requests = said * (1 + 2 / 10) + school.feeders * _HOURS * 3600 / 5
    stored_gb = 20 + windows * BYTES_A_WINDOW * KEPT_MONTHS / 1e9
    tasks = school.feeders * (0.25 * CPU_HOUR + 0.5 * MEMORY_GB_HOUR)
    tasks += 0.5 * CPU_HOUR + 1.0 * MEMORY_GB_HOUR
    return {
        "connections": school.rooms * _HOURS * 60 * CONNECTED_MINUTES / _MILLION,
        "messages": _tiered(messages),
        "rule and queue": (said * RULES_AND_ACTIONS + requests * QUEUE_REQUESTS) / _MILLION,
        "feeder and page": _HOURS * tasks,
        "database": _HOURS * DATABASE_HOUR[school.database] + stored_gb * STORAGE_GB,
        "HTTPS, addresses, secrets": _HOURS * (BALANCER_HOUR + (3 + school.feeders) * ADDRESS_HOUR)
        + 2 * SECRET,
    }


def table() -> str:
    """A table in Markdown, as docs/aws.md has it."""
    months = [month(school) for school in SCHOOLS]
    heads = [f"{school.rooms:,} {'room' if school.rooms == 1 else 'rooms'}" for school in SCHOOLS]
    lines = [f"| a month, US dollars | {' | '.join(heads)} |", "|---|" + "--:|" * len(heads)]
    for name in months[0]:
        cells = " | ".join(f"{one[name]:,.2f}" for one in months)
        lines.append(f"| {name} | {cells} |")
    sums = [sum(one.values()) for one in months]
    lines.append(f"| **together** | {' | '.join(f'**{one:,.0f}**' for one in sums)} |")
    rooms = [f"{total / school.rooms:,.2f}" for total, school in zip(sums, SCHOOLS, strict=True)]
    lines.append(f"| a room | {' | '.join(rooms)} |")
    return "\n".join(lines)


def _tiered(messages: float) -> float:
    total = 0.0
    for size, price in MESSAGES:
        part = min(messages, size)
        total += part * price / _MILLION
        messages -= part
    return total
