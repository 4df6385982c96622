"""The seven emotion labels, in the one order that networks, messages and charts share."""

from typing import Final

EMOTIONS: Final[tuple[str, ...]] = (
    "angry",
    "disgusted",
    "fearful",
    "happy",
    "neutral",
    "sad",
    "surprised",
)
"""FER-2013's folder names, sorted: index i of a network's output is ``EMOTIONS[i]``."""
