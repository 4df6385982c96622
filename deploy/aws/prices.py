"""List prices of AWS in Frankfurt (eu-central-1), in US dollars, and where each was seen."""

from dataclasses import dataclass
from typing import Final

_LIST_COPY: Final = (
    "lines in the form of AWS's price list for eu-central-1, in the tests of a public program"
)
_FARGATE: Final = (
    "AWS's [price list of ECS]"
    "(https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonECS/current/eu-central-1/index.json)"
    ", as a public program copied it"
)
_BILL: Final = (
    "a bill of an account in eu-central-1, which the tool CloudoX published as its example"
)


@dataclass(frozen=True)
class Price:
    """What one unit costs.

    Attributes:
        unit: what is counted.
        source: where the price was seen; for one that was not checked, what it was derived from.
        seen: month or day of the source, or that it has none; empty where nobody has checked it.
    """

    dollars: float
    unit: str
    source: str
    seen: str = ""

    @property
    def checked(self) -> bool:
        """Whether the price was seen for this region."""
        return bool(self.seen)


CONNECTED: Final = Price(0.096, "million minutes of connection", _LIST_COPY, "without a date")
MESSAGES_FIRST: Final = Price(
    1.20, "million messages, of the first 1,000 million", _LIST_COPY, "without a date"
)
MESSAGES_NEXT: Final = Price(
    0.96, "million messages, of the next 4,000 million", _LIST_COPY, "without a date"
)
MESSAGES_OVER: Final = Price(0.84, "million messages beyond", _LIST_COPY, "without a date")
RULE: Final = Price(
    0.18,
    "million rules triggered, and as much for a million actions",
    "Ireland's 0.15 by memory, times the 1.2 by which Frankfurt's other prices of IoT Core are "
    "above [Ireland's](https://aws.amazon.com/iot-core/pricing/)",
)
QUEUE_REQUEST: Final = Price(
    0.40,
    "million requests to SQS",
    "[North Virginia's](https://cloudburn.io/blog/amazon-sqs-pricing), of March 2026; Frankfurt's "
    "was not found",
)
CPU: Final = Price(0.04656, "hour of a vCPU in Fargate", _FARGATE, "2026-08-05")
MEMORY: Final = Price(0.00511, "hour of a GB in Fargate", _FARGATE, "2026-08-05")
BALANCER: Final = Price(
    0.027, "hour of a load balancer", f"{_BILL}: 19.44 for the 720 hours of June", "2026-06"
)
ADDRESS: Final = Price(
    0.005,
    "hour of a public IPv4 address",
    "3.65 a month in all regions, says [a program that lists them]"
    "(https://github.com/LeanerCloud/aws-ipv4-cost-viewer)",
    "2026-07-17",
)
SECRET: Final = Price(0.40, "month of a secret", f"{_BILL}: 1.60, which is four of them", "2026-06")
STORAGE: Final = Price(
    0.137, "month of a GB of the database's gp3", f"{_BILL}: 2.74, which is 20 GB", "2026-06"
)
DATABASES: Final = {
    "db.t4g.micro": Price(
        0.019,
        "hour of db.t4g.micro with PostgreSQL",
        f"{_BILL}: 13.68, if that was 720 hours",
        "2026-06",
    ),
    "db.t4g.medium": Price(
        0.076, "hour of db.t4g.medium with PostgreSQL", "four times the price of db.t4g.micro"
    ),
    "db.m7g.2xlarge": Price(0.80, "hour of db.m7g.2xlarge with PostgreSQL", "memory, of 2025"),
}
ALL: Final = (
    CONNECTED,
    MESSAGES_FIRST,
    MESSAGES_NEXT,
    MESSAGES_OVER,
    RULE,
    QUEUE_REQUEST,
    CPU,
    MEMORY,
    *DATABASES.values(),
    STORAGE,
    BALANCER,
    ADDRESS,
    SECRET,
)


def table() -> str:
    """A table in Markdown, as docs/aws.md has it; prices that nobody has checked say so."""
    lines = ["| US dollars | for a | seen | where |", "|--:|---|---|---|"]
    for price in ALL:
        seen = price.seen or "**not checked**"
        lines.append(f"| {price.dollars:.5g} | {price.unit} | {seen} | {price.source} |")
    return "\n".join(lines)
