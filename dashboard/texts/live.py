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
        change: what is different from ``{minutes}`` minutes ago, in one sentence.
        outcomes: of a command to the device, where it was not simply followed.
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
    change: Words
    not_kept: str
    pause: str
    resume: str
    cannot_send: str
    outcomes: Words
    to_report: str

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
    change={
        "too_early": "Too few numbers yet to compare with {minutes} minutes ago.",
        "same": "Much the same as {minutes} minutes ago.",
        "more_people": "More people than {minutes} minutes ago: "
        "about {now} now, about {before} then.",
        "fewer_people": "Fewer people than {minutes} minutes ago: "
        "about {now} now, about {before} then.",
        "more_emotion": "“{emotion}” is counted more often than {minutes} minutes ago: "
        "about {now} now, about {before} then.",
        "fewer_emotion": "“{emotion}” is counted less often than {minutes} minutes ago: "
        "about {now} now, about {before} then.",
    },
    not_kept="These numbers are shown and not kept: the recorder is not running. "
    "Ask your technician to start it.",
    pause="Pause counting",
    resume="Resume counting",
    cannot_send="The page has no connection to the broker and tries again by itself.",
    outcomes={
        "waiting": "Asked. Waiting for the device …",
        "no_answer": "The device has not answered within 10 seconds. If it counts on, "
        "cover the camera and ask your technician.",
        "not_sent": "Nothing was sent: the page has no connection to the broker. Try again soon.",
        "still_paused": "The device answered and stays paused. "
        "By its timetable it counts in lessons only.",
    },
    to_report="What happened in the lesson",
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
    change={
        "too_early": "Noch zu wenige Zahlen für einen Vergleich mit der Zeit vor {minutes} "
        "Minuten.",
        "same": "Etwa so wie vor {minutes} Minuten.",
        "more_people": "Mehr Personen als vor {minutes} Minuten: "
        "jetzt etwa {now}, zuvor etwa {before}.",
        "fewer_people": "Weniger Personen als vor {minutes} Minuten: "
        "jetzt etwa {now}, zuvor etwa {before}.",
        "more_emotion": "„{emotion}“ wird häufiger gezählt als vor {minutes} Minuten: "
        "jetzt etwa {now}, zuvor etwa {before}.",
        "fewer_emotion": "„{emotion}“ wird seltener gezählt als vor {minutes} Minuten: "
        "jetzt etwa {now}, zuvor etwa {before}.",
    },
    not_kept="Diese Zahlen werden gezeigt, aber nicht aufbewahrt: Die Aufzeichnung läuft nicht. "
    "Bitten Sie die Technik, sie zu starten.",
    pause="Zählen pausieren",
    resume="Zählen fortsetzen",
    cannot_send="Die Seite erreicht den Broker nicht und versucht es von selbst wieder.",
    outcomes={
        "waiting": "Angefragt. Warten auf das Gerät …",
        "no_answer": "Das Gerät hat 10 Sekunden lang nicht geantwortet. Zählt es weiter, decken "
        "Sie die Kamera ab und fragen Sie die Technik.",
        "not_sent": "Nichts wurde gesendet: Die Seite erreicht den Broker nicht. Versuchen Sie es "
        "gleich noch einmal.",
        "still_paused": "Das Gerät hat geantwortet und bleibt pausiert. Nach seinem Stundenplan "
        "zählt es nur im Unterricht.",
    },
    to_report="Was in der Stunde geschah",
)
