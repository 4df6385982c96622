"""Words of the page about the figures."""

from dataclasses import dataclass
from typing import Final

from dashboard.texts.common import Words

Points = tuple[str, ...]


@dataclass(frozen=True)
class About:
    """Words of the page about the figures.

    Attributes:
        meaning, never, privacy, law: sentences, one a point.
        overall: with ``{share}``, ``{low}``, ``{high}``, ``{wrong}`` and ``{of}``.
        overall_majority: the same of a network that answers as most of ten people would.
        networks: released classifier → what it is called where devices use several.
        at_least, pixels: a size, with ``{pixels}``.
        columns: column of the tables → its heading.
    """

    heading: str
    meaning_heading: str
    meaning: Points
    right_heading: str
    network: str
    networks: Words
    overall: str
    overall_majority: str
    found: str
    found_axis: str
    meant: str
    meant_axis: str
    confusion: str
    labelled: str
    called: str
    by_size: str
    by_size_axis: str
    faces: str
    faces_axis: str
    at_least: str
    pixels: str
    interval: str
    as_table: str
    columns: Words
    measured_on: str
    never_heading: str
    never: Points
    privacy_heading: str
    privacy: Points
    law_heading: str
    law: Points
    more: str

    def size(self, pixels: str) -> str:
        """A face of so many pixels."""
        return self.pixels.format(pixels=pixels)

    def least_size(self, pixels: str) -> str:
        """Faces of so many pixels and more."""
        return self.at_least.format(pixels=pixels)


ENGLISH: Final = About(
    heading="What a count means, and what not",
    meaning_heading="What a count means",
    meaning=(
        "A number is **how many people in view showed something in a few seconds**, mostly five. "
        "Each person counts once in a window: as the emotion with the highest mean probability "
        "over the window, or as *not sure*. Whoever is seen from the side, blurred or very small "
        "is not judged and counts as *not sure*.",
        "The program sees **what a face shows, not what somebody feels**. A smile may be polite, "
        "a frown may be thinking.",
        "People who turn their back, are far off or are hidden by others are not counted. The "
        "number of people is those who were seen, not those in the room.",
        "With too few people in view there are no numbers at all: *hidden* is not zero, and *no "
        "data* is not zero.",
        "Sums over the class and over minutes are what the numbers are good for. A single window "
        "jumps by chance.",
    ),
    right_heading="How often it is right",
    overall="Of {of} pictures of faces that nobody had trained or chosen on, the program called "
    "**{share}** as people had labelled them (95 % interval {low} to {high}). It is wrong "
    "for {wrong} of 100.",
    overall_majority="Of {of} pictures of faces that nobody had trained or chosen on, and in which "
    "most of about ten people saw the same, the program called **{share}** what these had seen "
    "(95 % interval {low} to {high}). It is wrong for {wrong} of 100.",
    network="Your devices use several networks. The figures of",
    networks={
        "emotion_classifier": "the usual network",
        "emotion_classifier_half": "the small network",
        "emotion_classifier_half_people": "the small network of majorities",
        "emotion_classifier_people": "the network of majorities",
    },
    found="Of the faces that people labelled so, how many the program called so:",
    found_axis="Share found",
    meant="Of the faces that the program called so, how many people had labelled so:",
    meant_axis="Share right",
    confusion="What faces of each emotion were called, in percent. A row is what people labelled:",
    labelled="labelled",
    called="called",
    by_size="Small faces are harder. Right ones, by the size of a face in pixels:",
    by_size_axis="Share right",
    faces="Before that, faces must be found. Of the faces of at least so many pixels, those that "
    "were found:",
    faces_axis="Share found",
    at_least="{pixels} px and more",
    pixels="{pixels} px",
    interval="The line on each bar is the 95 % interval: chance alone moves the figure in it.",
    as_table="The same as a table",
    columns={
        "what": "What",
        "share": "Share",
        "low": "95 % from",
        "high": "to",
        "of": "Faces",
    },
    measured_on="Measured on",
    never_heading="What must not be concluded",
    never=(
        "**Nothing about a single pupil.** No number belongs to a person, and none can be traced "
        "back to one.",
        "**No grading, no discipline**, no remark in a file, no talk with parents by these "
        "numbers.",
        "**No comparison of teachers** or classes by them. Light, seats and the camera's place "
        "change them more than a lesson does.",
        "**Nothing about rare emotions.** The charts below show which are mistaken most.",
        "**Nothing about who these faces are.** The networks learnt from pictures in the internet, "
        "and nobody has measured them on your pupils.",
    ),
    privacy_heading="Privacy",
    privacy=(
        "Pictures stay in the memory of the camera's device until the next one takes their place. "
        "No picture, no face, no position and no value of one person is written or sent.",
        "What is sent is fixed: counts, a state, and how the device feels. There is no setting "
        "that changes this.",
        "Fewer people in view than the device's limit: no numbers. After a small group, the next "
        "window is hidden as well.",
        "What this cannot prevent: if all of a group show the same, the number says it of each. "
        "And whoever watches one person leave may compare the numbers before and after.",
        "You can pause the device on the live page. A pause releases the camera.",
    ),
    law_heading="Law",
    law=(
        "This is for orientation and no legal advice.",
        "**European Union:** since 2 February 2025 the AI Act, Regulation (EU) 2024/1689, Article "
        "5(1)(f), forbids systems that infer emotions in education, except for medical or safety "
        "reasons. Publishing counts alone does not by itself lift that.",
        "**Data protection:** a camera on pupils processes personal data, be it for a moment. It "
        "needs a legal basis, an impact assessment (GDPR, Article 35), and pupils and parents must "
        "be told.",
        "**Elsewhere** there are laws on schools, child protection and biometric data. Ask first.",
    ),
    more="More in docs/privacy.md, and in the cards of the networks: edge_agent/models/*.json.",
)
GERMAN: Final = About(
    heading="Was eine Zahl bedeutet, und was nicht",
    meaning_heading="Was eine Zahl bedeutet",
    meaning=(
        "Eine Zahl sagt, **wie viele Personen im Bild in wenigen Sekunden etwas zeigten**, meist "
        "in fünf. Jede Person zählt in einem Zeitfenster einmal: als das Gefühl mit der höchsten "
        "mittleren Wahrscheinlichkeit, oder als *unsicher*. Wer von der Seite, unscharf oder sehr "
        "klein zu sehen ist, wird nicht beurteilt und zählt als *unsicher*.",
        "Das Programm sieht, **was ein Gesicht zeigt, nicht was jemand fühlt**. Ein Lächeln kann "
        "höflich sein, eine Falte auf der Stirn Nachdenken.",
        "Wer den Rücken zukehrt, weit weg oder verdeckt ist, wird nicht gezählt. Die Zahl der "
        "Personen sind die gesehenen, nicht die im Raum.",
        "Sind zu wenige im Bild, gibt es gar keine Zahlen: *verborgen* ist nicht null, und *keine "
        "Daten* ist nicht null.",
        "Wozu die Zahlen taugen, sind Summen über die Klasse und über Minuten. Ein einzelnes "
        "Zeitfenster springt zufällig.",
    ),
    right_heading="Wie oft es stimmt",
    overall="Von {of} Bildern von Gesichtern, an denen niemand etwas trainiert oder ausgewählt "
    "hatte, nannte das Programm **{share}** so, wie Menschen sie benannt hatten (95-%-Bereich "
    "{low} bis {high}). Bei {wrong} von 100 irrt es.",
    overall_majority="Von {of} Bildern von Gesichtern, an denen niemand etwas trainiert oder "
    "ausgewählt hatte und in denen die meisten von etwa zehn Menschen dasselbe sahen, nannte das "
    "Programm **{share}** so wie diese (95-%-Bereich {low} bis {high}). Bei {wrong} von 100 irrt "
    "es.",
    network="Ihre Geräte nutzen mehrere Netze. Die Zahlen für",
    networks={
        "emotion_classifier": "das übliche Netz",
        "emotion_classifier_half": "das kleine Netz",
        "emotion_classifier_half_people": "das kleine Netz der Mehrheiten",
        "emotion_classifier_people": "das Netz der Mehrheiten",
    },
    found="Von den Gesichtern, die Menschen so benannten, so viele nannte auch das Programm so:",
    found_axis="Anteil gefunden",
    meant="Von den Gesichtern, die das Programm so nannte, so viele hatten Menschen so benannt:",
    meant_axis="Anteil richtig",
    confusion="Wie Gesichter jedes Gefühls genannt wurden, in Prozent. Eine Zeile ist, was "
    "Menschen sagten:",
    labelled="benannt",
    called="genannt",
    by_size="Kleine Gesichter sind schwerer. Richtige, nach der Größe eines Gesichts in Pixeln:",
    by_size_axis="Anteil richtig",
    faces="Davor muss ein Gesicht gefunden werden. Von Gesichtern mit mindestens so vielen Pixeln "
    "wurden gefunden:",
    faces_axis="Anteil gefunden",
    at_least="ab {pixels} px",
    pixels="{pixels} Pixel",
    interval="Die Linie auf jedem Balken ist der 95-%-Bereich: darin schwankt die Zahl zufällig.",
    as_table="Dasselbe als Tabelle",
    columns={
        "what": "Was",
        "share": "Anteil",
        "low": "95 % von",
        "high": "bis",
        "of": "Gesichter",
    },
    measured_on="Gemessen an",
    never_heading="Was man nicht daraus schließen darf",
    never=(
        "**Nichts über ein einzelnes Kind.** Keine Zahl gehört zu einer Person, und keine lässt "
        "sich auf eine zurückführen.",
        "**Keine Noten, keine Strafen**, kein Vermerk in einer Akte, kein Elterngespräch mit "
        "diesen Zahlen.",
        "**Kein Vergleich von Lehrkräften** oder Klassen. Licht, Sitzordnung und der Platz der "
        "Kamera ändern die Zahlen mehr als der Unterricht.",
        "**Nichts über seltene Gefühle.** Die Bilder unten zeigen, welche am öftesten verwechselt "
        "werden.",
        "**Nichts darüber, wessen Gesichter es sind.** Die Netze lernten an Bildern aus dem "
        "Internet, und niemand hat sie an Ihrer Klasse gemessen.",
    ),
    privacy_heading="Datenschutz",
    privacy=(
        "Bilder bleiben im Speicher des Geräts mit der Kamera, bis das nächste ihren Platz nimmt. "
        "Kein Bild, kein Gesicht, kein Ort und kein Wert einer Person wird geschrieben oder "
        "gesendet.",
        "Was gesendet wird, ist festgelegt: Zahlen, ein Zustand, und wie es dem Gerät geht. Keine "
        "Einstellung ändert das.",
        "Weniger Personen im Bild als die Grenze des Geräts: keine Zahlen. Nach einer kleinen "
        "Gruppe ist auch das nächste Zeitfenster verborgen.",
        "Was das nicht verhindert: zeigen alle einer Gruppe dasselbe, sagt die Zahl es von allen. "
        "Und wer jemanden hinausgehen sieht, kann die Zahlen davor und danach vergleichen.",
        "Auf der Live-Seite lässt sich das Gerät anhalten. Eine Pause gibt die Kamera frei.",
    ),
    law_heading="Recht",
    law=(
        "Dies dient der Orientierung und ist keine Rechtsberatung.",
        "**Europäische Union:** seit dem 2. Februar 2025 verbietet die KI-Verordnung (EU) "
        "2024/1689, Artikel 5(1)(f), Systeme, die in der Bildung Gefühle ableiten, außer aus "
        "medizinischen Gründen oder zur Sicherheit. Nur Zahlen zu veröffentlichen, hebt das allein "
        "nicht auf.",
        "**Datenschutz:** eine Kamera auf Kinder verarbeitet personenbezogene Daten, und sei es "
        "für einen Augenblick. Nötig sind eine Rechtsgrundlage, eine Folgenabschätzung (DSGVO, "
        "Artikel 35) und die Information von Kindern und Eltern.",
        "**Anderswo** gelten Gesetze über Schulen, Kinderschutz und biometrische Daten. Fragen Sie "
        "vorher.",
    ),
    more="Mehr in docs/privacy.md und in den Karten der Netze: edge_agent/models/*.json.",
)
