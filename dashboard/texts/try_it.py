"""Words of the page to try the networks."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class TryIt:
    """Words of the page to try the networks."""

    heading: str


ENGLISH: Final = TryIt(
    heading="What the networks see",
)
GERMAN: Final = TryIt(
    heading="Was die Netze sehen",
)
