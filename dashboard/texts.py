"""Every word that the teacher's page shows, in one place."""

from datetime import timedelta
from typing import Final

from edge_agent.emotions import EMOTIONS

TITLE: Final = "Classroom counts"
ROOM: Final = "Room"
CHOOSE_ROOM: Final = "Choose a room"
PEOPLE_NOW: Final = "People counted now"
NO_NUMBER: Final = "\u2013"
UNCERTAIN: Final = "uncertain"
NAMES: Final[dict[str, str]] = {
    **{emotion: emotion.capitalize() for emotion in EMOTIONS},
    UNCERTAIN: "Not sure",
}
"""Emotion, or uncertain → the word for it."""

STATES: Final[dict[str, str]] = {
    "online": "Online",
    "paused": "Paused",
    "offline": "Offline",
    "unknown": "State unknown",
}
LAST_KNOWN: Final = "Last known: "
NEWEST: Final = "Newest numbers"
NO_NUMBERS_YET: Final = "none yet"

LAST_MINUTES: Final = "Last 5 minutes"
PEOPLE: Final = "People"
EMOTION: Final = "Emotion"
NOW: Final = "now"
MINUTES_AGO: Final = "min ago"
WHEN: Final = "When"
HIDDEN_BAND: Final = "too few people to show"
GAP_BAND: Final = "no data"
CHART_HINT: Final = "Striped: too few people to show. Empty: no data."

ONLY_COUNTS: Final = "Counts only. No picture leaves the camera's device."
NO_PUPIL: Final = "Counts are estimates for the group and say nothing about a single pupil."

NO_ROOMS: Final = (
    "No rooms yet",
    "Start a device. Its room appears here by itself.",
)
UNKNOWN_ROOM: Final = (
    "This room is not known here",
    "Choose a room from the list, or check the page's address. "
    "A new room appears here once its device has started.",
)
NO_STORE: Final = (
    "The numbers cannot be read",
    "Ask your technician to check the store. This page tries again by itself.",
)
NO_RECORDER: Final = (
    "The recorder is not running",
    "Ask your technician to start it: python -m dashboard record",
)
NO_BROKER: Final = (
    "The recorder has no connection to the broker",
    "It keeps trying. If this stays, ask your technician to check the broker and the network.",
)
STALE: Final = (
    "No new numbers",
    "The device has stopped sending. Check that it has power and network.",
)
WAITING: Final = (
    "Waiting for the first numbers",
    "They appear here a few seconds after the device starts to count.",
)
PAUSED: Final = (
    "Counting is paused",
    "Nobody is being counted. Numbers return when counting is resumed.",
)
OFFLINE: Final = (
    "The device is offline",
    "Check that it has power and network.",
)
BY_REASON: Final[dict[str, str]] = {
    "camera_lost": "The device has lost its camera. Check the camera's cable.",
    "source_ended": "The recording that it played has ended.",
    "schedule_pause": "There is no lesson now by its timetable. It goes on by itself.",
    "stopped": "It was switched off. Start it to see numbers again.",
    "failed": "It stopped after a fault. Ask your technician to look at its log.",
}
"""A device's reason → what to do, where it says more than the state alone."""


def hidden(min_faces: int | None) -> tuple[str, str]:
    """Why numbers are hidden, with the device's own limit where it is known."""
    few = (
        "Too few people in view" if min_faces is None else f"Fewer than {min_faces} people in view"
    )
    return f"{few}: numbers hidden", "They return when more people are in view."


def age(elapsed: timedelta) -> str:
    """How long ago, in the largest whole unit: ``4 seconds ago``."""
    seconds = max(0, int(elapsed.total_seconds()))
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        if seconds >= length:
            number = seconds // length
            return f"{number} {unit}{'' if number == 1 else 's'} ago"
    return "just now"
