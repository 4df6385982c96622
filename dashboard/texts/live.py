"""Words of the live page."""

from dataclasses import dataclass
from typing import Final

from dashboard.texts.common import Notice, Words


@dataclass(frozen=True)
class Live:
    """Words of the live page.

    Attributes:
        by_reason: a device's reason → what to do, where it says more than the state alone.
        hidden_few: why numbers are hidden, with the device's limit as ``{min_faces}``.
        hidden_unknown: the same where the limit is not known.
    """

    people_now: str
    last_known: str
    newest: str
    no_numbers_yet: str
    last_minutes: str
    now: str
    minutes_ago: str
    when: str
    hidden_band: str
    gap_band: str
    chart_hint: str
    no_recorder: Notice
    no_broker: Notice
    stale: Notice
    waiting: Notice
    paused: Notice
    offline: Notice
    by_reason: Words
    hidden_few: str
    hidden_unknown: str
    hidden_advice: str

    def hidden(self, min_faces: int | None) -> Notice:
        """Why numbers are hidden, with the device's own limit where it is known."""
        if min_faces is None:
            return self.hidden_unknown, self.hidden_advice
        return self.hidden_few.format(min_faces=min_faces), self.hidden_advice


ENGLISH: Final = Live(
    people_now="People counted now",
    last_known="Last known: ",
    newest="Newest numbers",
    no_numbers_yet="none yet",
    last_minutes="Last 5 minutes",
    now="now",
    minutes_ago="min ago",
    when="When",
    hidden_band="too few people to show",
    gap_band="no data",
    chart_hint="Striped: too few people to show. Empty: no data.",
    no_recorder=(
        "The recorder is not running",
        "Ask your technician to start it: python -m dashboard record",
    ),
    no_broker=(
        "The recorder has no connection to the broker",
        "It keeps trying. If this stays, ask your technician to check the broker and the network.",
    ),
    stale=(
        "No new numbers",
        "The device has stopped sending. Check that it has power and network.",
    ),
    waiting=(
        "Waiting for the first numbers",
        "They appear here a few seconds after the device starts to count.",
    ),
    paused=(
        "Counting is paused",
        "Nobody is being counted. Numbers return when counting is resumed.",
    ),
    offline=(
        "The device is offline",
        "Check that it has power and network.",
    ),
    by_reason={
        "camera_lost": "The device has lost its camera. Check the camera's cable.",
        "source_ended": "The recording that it played has ended.",
        "schedule_pause": "There is no lesson now by its timetable. It goes on by itself.",
        "stopped": "It was switched off. Start it to see numbers again.",
        "failed": "It stopped after a fault. Ask your technician to look at its log.",
    },
    hidden_few="Fewer than {min_faces} people in view: numbers hidden",
    hidden_unknown="Too few people in view: numbers hidden",
    hidden_advice="They return when more people are in view.",
)
GERMAN: Final = Live(
    people_now="Jetzt gezählte Personen",
    last_known="Zuletzt bekannt: ",
    newest="Neueste Zahlen",
    no_numbers_yet="noch keine",
    last_minutes="Die letzten 5 Minuten",
    now="jetzt",
    minutes_ago="min zuvor",
    when="Wann",
    hidden_band="zu wenige Personen",
    gap_band="keine Daten",
    chart_hint="Gestreift: zu wenige Personen, um Zahlen zu zeigen. Leer: keine Daten.",
    no_recorder=(
        "Die Aufzeichnung läuft nicht",
        "Bitten Sie die Technik, sie zu starten: python -m dashboard record",
    ),
    no_broker=(
        "Die Aufzeichnung erreicht den Broker nicht",
        "Sie versucht es weiter. Bleibt es dabei, bitten Sie die Technik, Broker und Netz zu "
        "prüfen.",
    ),
    stale=(
        "Keine neuen Zahlen",
        "Das Gerät sendet nicht mehr. Prüfen Sie, ob es Strom und Netz hat.",
    ),
    waiting=(
        "Warten auf die ersten Zahlen",
        "Sie erscheinen hier wenige Sekunden, nachdem das Gerät zu zählen beginnt.",
    ),
    paused=(
        "Das Zählen ist pausiert",
        "Niemand wird gezählt. Zahlen kommen wieder, wenn das Zählen fortgesetzt wird.",
    ),
    offline=(
        "Das Gerät ist getrennt",
        "Prüfen Sie, ob es Strom und Netz hat.",
    ),
    by_reason={
        "camera_lost": "Das Gerät hat seine Kamera verloren. Prüfen Sie das Kabel der Kamera.",
        "source_ended": "Die abgespielte Aufnahme ist zu Ende.",
        "schedule_pause": "Nach dem Stundenplan ist jetzt kein Unterricht. Es geht von selbst "
        "weiter.",
        "stopped": "Es wurde ausgeschaltet. Starten Sie es, um wieder Zahlen zu sehen.",
        "failed": "Es hielt nach einem Fehler an. Bitten Sie die Technik, sein Protokoll zu lesen.",
    },
    hidden_few="Weniger als {min_faces} Personen im Bild: keine Zahlen",
    hidden_unknown="Zu wenige Personen im Bild: keine Zahlen",
    hidden_advice="Sie kommen wieder, wenn mehr Personen im Bild sind.",
)
