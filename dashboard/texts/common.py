"""Words that several pages share: titles, emotions, states, ages, and what went wrong."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

Words = dict[str, str]
Notice = tuple[str, str]
"""What is the matter, and what to do."""


@dataclass(frozen=True)
class Common:
    """Words of every page.

    Attributes:
        pages: page → its name in the menu.
        emotions: emotion, or ``uncertain`` → the word for it.
        states: a device's state, or ``unknown`` → the word for it.
        units: days, hours, minutes and seconds, each as one and as several.
        ago: a form with ``{number}`` and ``{unit}``.
    """

    title: str
    pages: Words
    language: str
    room: str
    choose_room: str
    people: str
    emotion: str
    no_number: str
    emotions: Words
    states: Words
    units: tuple[Notice, Notice, Notice, Notice]
    ago: str
    just_now: str
    only_counts: str
    no_pupil: str
    no_rooms: Notice
    unknown_room: Notice
    no_store: Notice
    no_page: Notice

    def age(self, elapsed: timedelta) -> str:
        """How long ago, in the largest whole unit: ``4 seconds ago``."""
        seconds = max(0, int(elapsed.total_seconds()))
        for (one, several), length in zip(self.units, (86400, 3600, 60, 1), strict=True):
            if seconds >= length:
                number = seconds // length
                return self.ago.format(number=number, unit=one if number == 1 else several)
        return self.just_now


ENGLISH: Final = Common(
    title="Classroom counts",
    pages={
        "live": "Live",
        "lesson": "Lesson report",
        "devices": "Devices",
        "try_it": "Try it",
        "about": "About the figures",
    },
    language="Language",
    room="Room",
    choose_room="Choose a room",
    people="People",
    emotion="Emotion",
    no_number="\u2013",
    emotions={
        "angry": "Angry",
        "disgusted": "Disgusted",
        "fearful": "Fearful",
        "happy": "Happy",
        "neutral": "Neutral",
        "sad": "Sad",
        "surprised": "Surprised",
        "uncertain": "Not sure",
    },
    states={
        "online": "Online",
        "paused": "Paused",
        "offline": "Offline",
        "unknown": "State unknown",
    },
    units=(("day", "days"), ("hour", "hours"), ("minute", "minutes"), ("second", "seconds")),
    ago="{number} {unit} ago",
    just_now="just now",
    only_counts="Counts only. No picture leaves the camera's device.",
    no_pupil="Counts are estimates for the group and say nothing about a single pupil.",
    no_rooms=(
        "No rooms yet",
        "Start a device. Its room appears here by itself.",
    ),
    unknown_room=(
        "This room is not known here",
        "Choose a room from the list, or check the page's address. "
        "A new room appears here once its device has started.",
    ),
    no_store=(
        "The numbers cannot be read",
        "Ask your technician to check the store. This page tries again by itself.",
    ),
    no_page=(
        "This page is still being made",
        "The live page and the lesson report are in the menu.",
    ),
)
GERMAN: Final = Common(
    title="Zahlen aus der Klasse",
    pages={
        "live": "Live",
        "lesson": "Stundenbericht",
        "devices": "Geräte",
        "try_it": "Ausprobieren",
        "about": "Was die Zahlen sagen",
    },
    language="Sprache",
    room="Raum",
    choose_room="Raum wählen",
    people="Personen",
    emotion="Gefühl",
    no_number="\u2013",
    emotions={
        "angry": "Wütend",
        "disgusted": "Angeekelt",
        "fearful": "Ängstlich",
        "happy": "Fröhlich",
        "neutral": "Neutral",
        "sad": "Traurig",
        "surprised": "Überrascht",
        "uncertain": "Unsicher",
    },
    states={
        "online": "Verbunden",
        "paused": "Pausiert",
        "offline": "Getrennt",
        "unknown": "Zustand unbekannt",
    },
    units=(("Tag", "Tagen"), ("Stunde", "Stunden"), ("Minute", "Minuten"), ("Sekunde", "Sekunden")),
    ago="vor {number} {unit}",
    just_now="gerade eben",
    only_counts="Nur Zahlen. Kein Bild verlässt das Gerät mit der Kamera.",
    no_pupil="Die Zahlen sind Schätzungen für die Gruppe und sagen nichts über einzelne Kinder.",
    no_rooms=(
        "Noch keine Räume",
        "Starten Sie ein Gerät. Sein Raum erscheint hier von selbst.",
    ),
    unknown_room=(
        "Dieser Raum ist hier nicht bekannt",
        "Wählen Sie einen Raum aus der Liste, oder prüfen Sie die Adresse der Seite. "
        "Ein neuer Raum erscheint hier, sobald sein Gerät gestartet ist.",
    ),
    no_store=(
        "Die Zahlen können nicht gelesen werden",
        "Bitten Sie die Technik, den Speicher zu prüfen. Die Seite versucht es von selbst wieder.",
    ),
    no_page=(
        "Diese Seite entsteht noch",
        "Die Live-Seite und der Stundenbericht stehen im Menü.",
    ),
)
