"""Words of the devices page."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Devices:
    """Words of the devices page."""

    heading: str


ENGLISH: Final = Devices(
    heading="Every device, and how it feels",
)
GERMAN: Final = Devices(
    heading="Jedes Gerät, und wie es ihm geht",
)
