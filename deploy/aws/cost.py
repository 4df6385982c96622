"""What a month costs on paper, from list prices and what a device says."""

from dataclasses import dataclass
from typing import Final

from deploy.aws import prices
from deploy.aws.prices import Price

_HOURS: Final = 730.0
_MILLION: Final = 1e6

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
    cpu, memory = prices.CPU.dollars, prices.MEMORY.dollars
    tasks = school.feeders * (0.25 * cpu + 0.5 * memory) + 0.5 * cpu + 1.0 * memory
    addresses = 3 + school.feeders
    return {
        "connections": school.rooms * _HOURS * 60 * prices.CONNECTED.dollars / _MILLION,
        "messages": _tiered(messages),
        "rule and queue": (said * 2 * prices.RULE.dollars + requests * prices.QUEUE_REQUEST.dollars)
        / _MILLION,
        "feeder and page": _HOURS * tasks,
        "database": _HOURS * prices.DATABASES[school.database].dollars
        + stored_gb * prices.STORAGE.dollars,
        "HTTPS, addresses, secrets": _HOURS
        * (prices.BALANCER.dollars + addresses * prices.ADDRESS.dollars)
        + 2 * prices.SECRET.dollars,
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


_TIERS: Final[tuple[tuple[float, Price], ...]] = (
    (1e9, prices.MESSAGES_FIRST),
    (4e9, prices.MESSAGES_NEXT),
    (float("inf"), prices.MESSAGES_OVER),
)


def _tiered(messages: float) -> float:
    total = 0.0
    for size, price in _TIERS:
        part = min(messages, size)
        total += part * price.dollars / _MILLION
        messages -= part
    return total
