"""Words of the page on which a teacher tries the networks."""

from dataclasses import dataclass
from typing import Final

from dashboard.texts.common import Notice, Words


@dataclass(frozen=True)
class TryIt:
    """Words of the page on which a teacher tries the networks.

    Attributes:
        not_installed: what the page needs; the second part names the command.
        camera_buttons: streamlit-webrtc's key → the words on its buttons.
        refused: why a picture was not looked at → one sentence.
        faces: with ``{number}``.
        known: with ``{right}``, ``{low}``, ``{high}`` and ``{emotion}``.
        known_size: with ``{size}``, ``{right}`` and ``{pixels}``.
    """

    heading: str
    privacy_here: str
    privacy_server: str
    not_installed: Notice
    how: str
    camera: str
    picture: str
    camera_hint: str
    no_camera: str
    camera_buttons: Words
    upload: str
    upload_hint: str
    refused: Words
    nobody: str
    faces: str
    columns: Words
    known_heading: str
    known: str
    known_size: str
    caption: str


ENGLISH: Final = TryIt(
    heading="What the networks see",
    privacy_here="**Nothing is stored.** The picture stays in the memory of this machine until the "
    "next one takes its place. No other machine sees it.",
    privacy_server="**Nothing is stored.** The picture goes from this browser to the server of "
    "this page, encrypted, and stays in its memory until the next one takes its place.",
    not_installed=(
        "The networks are not installed here",
        "Whoever runs this page can add them: `python -m pip install -e .[agent]`",
    ),
    how="These are the very same networks that a device uses. Try a smile, a frown, turning away, "
    "or stepping back, and see how sure they are, and how often they are wrong.",
    camera="My camera",
    picture="A picture",
    camera_hint="Choose *Start* and allow the browser to use the camera.",
    no_camera="No picture comes? Browsers lend a camera to 127.0.0.1, to localhost and to pages "
    "with TLS only, and the network must let this browser and the page's server exchange UDP.",
    camera_buttons={
        "start": "Start",
        "stop": "Stop",
        "select_device": "Choose a camera",
        "media_api_not_available": "This browser lends no camera to this page.",
        "device_ask_permission": "Please allow the browser to use the camera.",
        "device_not_available": "There is no camera that could be used.",
        "device_access_denied": "The browser may not use the camera.",
    },
    upload="Choose a picture (JPEG or PNG, up to 10 MB)",
    upload_hint="Use pictures only of people who agreed.",
    refused={
        "too_large": "Expected a picture of at most 10 MB and 40 million pixels: choose a smaller "
        "one.",
        "broken": "Expected a JPEG or PNG picture, got a file that cannot be read as one: choose "
        "another.",
    },
    nobody="No face was found. Faces of less than 12 pixels, in profile, or hidden are missed.",
    faces="Faces found: {number}",
    columns={
        "number": "No.",
        "size": "Size (px)",
        "face": "Is a face",
        "counted": "Would count as",
    },
    known_heading="How often that is wrong",
    known="Of faces called **{emotion}**, {right} were labelled so by people ({low} to {high}).",
    known_size="Of faces of {pixels} px, {right} were right, whatever the emotion. The smallest "
    "here has {size} px.",
    caption="Numbers as in the table below",
)
GERMAN: Final = TryIt(
    heading="Was die Netze sehen",
    privacy_here="**Nichts wird gespeichert.** Das Bild bleibt im Arbeitsspeicher dieses Geräts, "
    "bis das nächste seinen Platz nimmt. Kein anderes Gerät sieht es.",
    privacy_server="**Nichts wird gespeichert.** Das Bild geht verschlüsselt von diesem Browser "
    "zum Server dieser Seite und bleibt in dessen Arbeitsspeicher, bis das nächste seinen Platz "
    "nimmt.",
    not_installed=(
        "Die Netze sind hier nicht installiert",
        "Wer diese Seite betreibt, kann sie ergänzen: `python -m pip install -e .[agent]`",
    ),
    how="Es sind genau die Netze, die ein Gerät benutzt. Lächeln Sie, runzeln Sie die Stirn, "
    "wenden Sie sich ab oder gehen Sie zurück, und sehen Sie, wie sicher sie sind und wie oft "
    "sie irren.",
    camera="Meine Kamera",
    picture="Ein Bild",
    camera_hint="Wählen Sie *Starten* und erlauben Sie dem Browser die Kamera.",
    no_camera="Es kommt kein Bild? Browser geben eine Kamera nur an 127.0.0.1, localhost und "
    "Seiten mit TLS, und das Netzwerk muss UDP zwischen Browser und Server durchlassen.",
    camera_buttons={
        "start": "Starten",
        "stop": "Beenden",
        "select_device": "Kamera wählen",
        "media_api_not_available": "Dieser Browser gibt dieser Seite keine Kamera.",
        "device_ask_permission": "Bitte erlauben Sie dem Browser die Kamera.",
        "device_not_available": "Es gibt keine Kamera, die benutzt werden könnte.",
        "device_access_denied": "Der Browser darf die Kamera nicht benutzen.",
    },
    upload="Bild wählen (JPEG oder PNG, bis 10 MB)",
    upload_hint="Nehmen Sie nur Bilder von Personen, die zugestimmt haben.",
    refused={
        "too_large": "Erwartet wird ein Bild mit höchstens 10 MB und 40 Millionen Pixeln: wählen "
        "Sie ein kleineres.",
        "broken": "Erwartet wird ein Bild als JPEG oder PNG; diese Datei lässt sich nicht so "
        "lesen: wählen Sie eine andere.",
    },
    nobody="Kein Gesicht gefunden. Gesichter unter 12 Pixeln, im Profil oder verdeckt werden "
    "übersehen.",
    faces="Gefundene Gesichter: {number}",
    columns={
        "number": "Nr.",
        "size": "Größe (px)",
        "face": "Ist ein Gesicht",
        "counted": "Würde zählen als",
    },
    known_heading="Wie oft das falsch ist",
    known="Von Gesichtern, die **{emotion}** genannt wurden, hatten Menschen {right} so benannt "
    "({low} bis {high}).",
    known_size="Von Gesichtern mit {pixels} px stimmten {right}, gleich welches Gefühl. Das "
    "kleinste hier hat {size} px.",
    caption="Nummern wie in der Tabelle darunter",
)
