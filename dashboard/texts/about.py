"""Words of the page about the figures."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class About:
    """Words of the page about the figures."""

    heading: str


ENGLISH: Final = About(
    heading="What a count means, and what not",
)
GERMAN: Final = About(
    heading="Was eine Zahl bedeutet, und was nicht",
)
