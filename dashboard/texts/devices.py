"""Words of the devices page."""

from dataclasses import dataclass
from typing import Final

from dashboard.texts.common import Notice, Words


@dataclass(frozen=True)
class Devices:
    """Words of the devices page.

    Attributes:
        none_pressing: nothing needs attention, with ``{rooms}``.
        some_pressing: with ``{pressing}`` and ``{rooms}``.
        findings: what is the matter → a few words for it.
        advice: what is the matter → what to do.
        columns: column of the table → its heading, with the unit.
        outbox: where windows wait → the words for it.
        rejected_columns: column of the refused messages → its heading.
    """

    heading: str
    all_well: str
    none_pressing: str
    some_pressing: str
    findings: Words
    advice: Words
    table: str
    table_hint: str
    columns: Words
    outbox: Words
    yes: str
    no: str
    released: str
    not_released: str
    never: str
    rejected: str
    rejected_hint: str
    no_rejected: str
    rejected_columns: Words
    no_rooms: Notice


ENGLISH: Final = Devices(
    heading="Devices",
    all_well="All well",
    none_pressing="Nothing needs attention. Rooms: {rooms}.",
    some_pressing="Rooms that need attention: {pressing} of {rooms}.",
    findings={
        "failed": "Stopped after a fault",
        "never_heard": "Has never said its state",
        "offline": "Offline",
        "silent": "No sign of life",
        "camera_lost": "Camera lost",
        "disk_unusable": "Its disk cannot be written",
        "windows_lost": "Windows lost",
        "throttled": "Slowed down: too hot, or too little power",
        "hot": "Hot",
        "waiting": "Windows wait to be sent",
        "missing": "Windows missing",
        "slow": "Few pictures a second",
        "other_networks": "Other networks than the released ones",
    },
    advice={
        "failed": "Look at its log: journalctl -u classroom-agent",
        "never_heard": "Only parts of its messages came. Check its version and the broker's rules.",
        "offline": "Check that it has power and network.",
        "silent": "The broker still believes it is there. Check its network; if it stays, "
        "switch it off and on.",
        "camera_lost": "Check the camera's cable.",
        "disk_unusable": "Windows wait in memory alone. Check the card or disk, and whether it is "
        "full.",
        "windows_lost": "It had to drop windows. Check its disk and how long the broker was away.",
        "throttled": "Check its power supply and its cooling.",
        "hot": "80 °C or more. Check its cooling and the sun on it.",
        "waiting": "It counts, but cannot send. Check the network and the broker.",
        "missing": "It counted them and they did not come, in the last 24 hours. A replay may "
        "still bring them; `python -m dashboard gaps` lists them.",
        "slow": "Less than one picture a second. Look at the stage times in the table.",
        "other_networks": "Its figures are not those on the page about the figures. Update it, or "
        "read the card of its networks.",
    },
    table="All devices",
    table_hint="Click a heading to sort.",
    columns={
        "room": "Room",
        "attention": "Attention",
        "state": "State",
        "seen": "Last seen",
        "agent": "Agent",
        "python": "Python",
        "runtime": "Runtime",
        "networks": "Networks (SHA-256)",
        "released": "Released?",
        "fps": "Pictures a second",
        "capture": "Capture (ms)",
        "detect": "Detect (ms)",
        "classify": "Classify (ms)",
        "count": "Count (ms)",
        "dropped": "Pictures dropped",
        "temperature": "Processor (°C)",
        "throttled": "Slowed down",
        "memory": "Memory (MB)",
        "outbox": "Waiting windows",
        "outbox_state": "They wait",
        "lost": "Windows lost",
        "missing": "Missing, 24 h",
    },
    outbox={"memory": "in memory", "disk": "on the disk", "disk_unusable": "disk unusable"},
    yes="yes",
    no="no",
    released="as released",
    not_released="others",
    never="never",
    rejected="Refused messages",
    rejected_hint="Messages that were not as the schema says, by kind and cause, in all rooms.",
    no_rejected="No message was refused.",
    rejected_columns={
        "kind": "Kind",
        "cause": "Cause",
        "times": "Times",
        "first": "First (UTC)",
        "last": "Last (UTC)",
        "reason": "Newest reason",
    },
    no_rooms=(
        "No devices yet",
        "Start a device. It appears here by itself.",
    ),
)
GERMAN: Final = Devices(
    heading="Geräte",
    all_well="Alles gut",
    none_pressing="Nichts ist zu tun. Räume: {rooms}.",
    some_pressing="Räume, um die sich jemand kümmern muss: {pressing} von {rooms}.",
    findings={
        "failed": "Nach einem Fehler beendet",
        "never_heard": "Hat seinen Zustand nie gemeldet",
        "offline": "Getrennt",
        "silent": "Kein Lebenszeichen",
        "camera_lost": "Kamera verloren",
        "disk_unusable": "Datenträger nicht beschreibbar",
        "windows_lost": "Zeitfenster verloren",
        "throttled": "Gedrosselt: zu heiß, oder zu wenig Strom",
        "hot": "Heiß",
        "waiting": "Zeitfenster warten auf das Senden",
        "missing": "Zeitfenster fehlen",
        "slow": "Wenige Bilder je Sekunde",
        "other_networks": "Andere Netze als die veröffentlichten",
    },
    advice={
        "failed": "Sehen Sie in sein Protokoll: `journalctl -u classroom-agent`",
        "never_heard": "Nur ein Teil seiner Nachrichten kam an. Prüfen Sie seine Version und die "
        "Regeln des Brokers.",
        "offline": "Prüfen Sie Strom und Netzwerk.",
        "silent": "Der Broker glaubt, dass es noch da ist. Prüfen Sie das Netzwerk; wenn es so "
        "bleibt, schalten Sie es aus und ein.",
        "camera_lost": "Prüfen Sie das Kabel der Kamera.",
        "disk_unusable": "Zeitfenster warten nur im Speicher. Prüfen Sie die Karte oder Platte, "
        "und ob sie voll ist.",
        "windows_lost": "Es musste Zeitfenster verwerfen. Prüfen Sie den Datenträger und wie lange "
        "der Broker fort war.",
        "throttled": "Prüfen Sie Netzteil und Kühlung.",
        "hot": "80 °C oder mehr. Prüfen Sie die Kühlung, und ob die Sonne darauf scheint.",
        "waiting": "Es zählt, kann aber nicht senden. Prüfen Sie Netzwerk und Broker.",
        "missing": "Sie wurden gezählt und kamen nicht an, in den letzten 24 Stunden. Vielleicht "
        "kommen sie noch; `python -m dashboard gaps` zeigt sie.",
        "slow": "Weniger als ein Bild je Sekunde. Sehen Sie auf die Zeiten in der Tabelle.",
        "other_networks": "Für sie gelten nicht die Werte der Seite über die Zahlen. Aktualisieren "
        "Sie es, oder lesen Sie die Karte seiner Netze.",
    },
    table="Alle Geräte",
    table_hint="Ein Klick auf eine Überschrift sortiert.",
    columns={
        "room": "Raum",
        "attention": "Zu tun",
        "state": "Zustand",
        "seen": "Zuletzt gesehen",
        "agent": "Programm",
        "python": "Python-Version",
        "runtime": "Laufzeit",
        "networks": "Netze (SHA-256)",
        "released": "Veröffentlicht?",
        "fps": "Bilder je Sekunde",
        "capture": "Aufnehmen (ms)",
        "detect": "Finden (ms)",
        "classify": "Einordnen (ms)",
        "count": "Zählen (ms)",
        "dropped": "Bilder verworfen",
        "temperature": "Prozessor (°C)",
        "throttled": "Gedrosselt",
        "memory": "Speicher (MB)",
        "outbox": "Wartende Zeitfenster",
        "outbox_state": "Sie warten",
        "lost": "Verlorene Zeitfenster",
        "missing": "Fehlend, 24 h",
    },
    outbox={
        "memory": "im Speicher",
        "disk": "auf der Platte",
        "disk_unusable": "Platte unbrauchbar",
    },
    yes="ja",
    no="nein",
    released="wie veröffentlicht",
    not_released="andere",
    never="nie",
    rejected="Abgelehnte Nachrichten",
    rejected_hint="Nachrichten, die nicht dem Schema entsprachen, nach Art und Grund, aus allen "
    "Räumen.",
    no_rejected="Keine Nachricht wurde abgelehnt.",
    rejected_columns={
        "kind": "Art",
        "cause": "Grund",
        "times": "Anzahl",
        "first": "Erste (UTC)",
        "last": "Letzte (UTC)",
        "reason": "Letzte Begründung",
    },
    no_rooms=(
        "Noch keine Geräte",
        "Starten Sie ein Gerät. Es erscheint hier von selbst.",
    ),
)
