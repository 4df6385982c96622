"""What goes wrong, and when: the whole plan follows from the seed."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.chaos.proxy import TO_CLIENT, TO_SERVER, Proxy

BROKER_KILLED: Final = "broker killed -9"
AGENT_KILLED: Final = "agent killed -9"
RECORDER_KILLED: Final = "recorder killed -9"
DATABASE_AWAY: Final = "database away"
LINK_FAULTS: Final[dict[str, Callable[[Proxy], None]]] = {
    "link dropped": Proxy.drop,
    "link cut in a packet": Proxy.cut,
    "link half-open": Proxy.forget,
    "link stalled": lambda link: link.stall(TO_SERVER, TO_CLIENT),
    "link stalled to the broker": lambda link: link.stall(TO_SERVER),
    "link stalled from the broker": lambda link: link.stall(TO_CLIENT),
    "link slowed": lambda link: link.slow(bytes_per_second=2000, latency_seconds=0.3),
}
"""Kind → what begins it; `Proxy.heal` ends it."""
_SECONDS_A_KILL: Final = 4.0
_RECORDER_LINK_SHARE: Final = 0.1
_LONG_OUTAGE_SHARE: Final = 0.1
_LONG_OUTAGE_SECONDS: Final = (6.0, 10.0)


@dataclass(frozen=True)
class Options:
    """How much goes wrong, and how long outboxes keep what was acknowledged."""

    seed: int
    windows: int
    devices: int
    broker_kills: int
    agent_kills: int
    recorder_kills: int
    database_stops: int
    link_faults: int
    keep_seconds: float
    store: str

    @property
    def seconds(self) -> float:
        """How long faults are injected."""
        return _SECONDS_A_KILL * max(self.broker_kills, self.agent_kills, 1)


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        at_seconds: when, after the start.
        kind: one of the constants of this module.
        device: index of the device, or of the link's; None where it is not a device's.
        seconds: for how long.
    """

    at_seconds: float
    kind: str
    device: int | None
    seconds: float


def plan(options: Options) -> list[Fault]:
    """All faults, the first one first.

    Faults of a kind are spread evenly, each at random within its share of the time; those of
    different kinds overlap as they will.
    """
    chance = random.Random(options.seed)

    def spread(number: int) -> list[float]:
        return [options.seconds * (i + chance.random()) / number for i in range(number)]

    def broker_outage() -> float:
        if chance.random() < _LONG_OUTAGE_SHARE:
            return chance.uniform(*_LONG_OUTAGE_SECONDS)
        return chance.uniform(0.0, 1.0)

    faults = []
    for at in spread(options.broker_kills):
        faults.append(Fault(at, BROKER_KILLED, None, broker_outage()))
    for at in spread(options.agent_kills):
        device = chance.randrange(options.devices)
        faults.append(Fault(at, AGENT_KILLED, device, chance.uniform(0.0, 2.0)))
    for at in spread(options.recorder_kills):
        faults.append(Fault(at, RECORDER_KILLED, None, chance.uniform(0.0, 3.0)))
    for at in spread(options.database_stops):
        faults.append(Fault(at, DATABASE_AWAY, None, chance.uniform(2.0, 12.0)))
    for at in spread(options.link_faults):
        of_recorder = chance.random() < _RECORDER_LINK_SHARE
        link = None if of_recorder else chance.randrange(options.devices)
        kind = chance.choice(list(LINK_FAULTS))
        faults.append(Fault(at, kind, link, chance.uniform(0.5, 8.0)))
    return sorted(faults, key=lambda fault: fault.at_seconds)
