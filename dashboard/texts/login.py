"""Words of the login."""

from dataclasses import dataclass
from typing import Final

from dashboard.texts.common import Notice


@dataclass(frozen=True)
class Login:
    """Words of the login.

    Attributes:
        wait: too many failed logins, with ``{minutes}``.
        logged_in_as: with ``{name}``.
        no_account: logged in elsewhere, but with no account here.
    """

    heading: str
    name: str
    password: str
    submit: str
    wrong: str
    wait: str
    broken: str
    other_site: str
    logged_in_as: str
    logout: str
    again: str
    ended: Notice
    no_account: Notice
    outside: Notice
    nothing_for_you: Notice


ENGLISH: Final = Login(
    heading="Log in",
    name="Name",
    password="Password",
    submit="Log in",
    wrong="Name and password do not belong together. Check both and try again.",
    wait="Too many failed logins. Try again in {minutes} min, or ask your technician.",
    broken="The accounts cannot be read. Ask your technician to look at the page's log.",
    other_site="This login was sent by another page. Type the address yourself and try again.",
    logged_in_as="Logged in as {name}",
    logout="Log out",
    again="Log in again",
    ended=("You are logged out", "Log in again to see numbers."),
    no_account=(
        "No rooms for you yet",
        "You are logged in, but nobody has said which rooms you may see. Ask your technician.",
    ),
    outside=(
        "A login is needed",
        "This page is for its own machine only. Ask your technician to set up a login.",
    ),
    nothing_for_you=(
        "Nothing to see here",
        "None of these is yours. Ask your technician if a room is missing.",
    ),
)
GERMAN: Final = Login(
    heading="Anmelden",
    name="Benutzername",
    password="Passwort",
    submit="Einloggen",
    wrong="Name und Passwort passen nicht zusammen. Prüfen Sie beide und versuchen Sie es erneut.",
    wait="Zu viele Fehlversuche. Versuchen Sie es in {minutes} min wieder, oder fragen Sie die "
    "Technik.",
    broken="Die Konten können nicht gelesen werden. Fragen Sie die Technik.",
    other_site="Diese Anmeldung kam von einer anderen Seite. Tippen Sie die Adresse selbst ein.",
    logged_in_as="Angemeldet als {name}",
    logout="Abmelden",
    again="Wieder anmelden",
    ended=("Sie sind abgemeldet", "Melden Sie sich wieder an, um Zahlen zu sehen."),
    no_account=(
        "Noch keine Räume für Sie",
        "Sie sind angemeldet, aber niemand hat gesagt, welche Räume Sie sehen dürfen. "
        "Fragen Sie die Technik.",
    ),
    outside=(
        "Eine Anmeldung ist nötig",
        "Diese Seite ist nur für ihr eigenes Gerät. Bitten Sie die Technik, eine Anmeldung "
        "einzurichten.",
    ),
    nothing_for_you=(
        "Hier gibt es nichts zu sehen",
        "Nichts davon gehört zu Ihren Räumen. Fragen Sie die Technik, wenn ein Raum fehlt.",
    ),
)
