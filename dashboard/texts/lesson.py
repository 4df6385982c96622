"""Words of the lesson report."""

from dataclasses import dataclass
from typing import Final

from dashboard.texts.common import Notice, Words

_Seven = tuple[str, str, str, str, str, str, str]
_Twelve = tuple[str, str, str, str, str, str, str, str, str, str, str, str]


@dataclass(frozen=True)
class Lesson:
    """Words of the lesson report.

    Attributes:
        weekdays: Monday first.
        date, short_date: forms of a day.
        mostly, mostly_two: the headline, with one and with two emotions.
        basis: what the ranges are made from.
    """

    heading: str
    lesson: str
    this_lesson: str
    choose_lesson: str
    other_period: str
    weekdays: _Seven
    short_weekdays: _Seven
    months: _Twelve
    date: str
    short_date: str
    day: str
    begins: str
    ends: str
    no_lessons: Notice
    wrong_period: Notice
    empty: Notice
    still_on: str
    mostly: str
    mostly_two: str
    all_hidden: str
    nothing: str
    minutes: str
    average_people: str
    counted_time: str
    hidden_time: str
    missing_time: str
    gaps: str
    no_numbers: str
    people_on_average: str
    timeline: str
    marks: str
    mark: str
    mark_what: str
    mark_when: str
    mark_example: str
    add_mark: str
    remove_mark: str
    no_marks: str
    mark_outside: str
    mark_long: str
    mark_many: str
    shares: str
    share: str
    share_alone: str
    share_range: str
    basis: Words
    other_network: str
    as_table: str
    comparison: str
    comparison_hint: str
    no_others: str
    keep: str
    csv: str
    parquet: str
    html: str
    html_hint: str


ENGLISH: Final = Lesson(
    heading="What happened in a lesson",
    lesson="Lesson",
    this_lesson="This lesson",
    choose_lesson="Choose a lesson",
    other_period="Another day or time …",
    weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    short_weekdays=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    months=(
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    date="{weekday}, {day} {month} {year}",
    short_date="{short_weekday} {day} {short_month}",
    day="Day",
    begins="From",
    ends="To",
    no_lessons=(
        "No lesson to report yet",
        "Nothing was counted in this room so far. A lesson appears here once it has numbers.",
    ),
    wrong_period=(
        "This period cannot be shown",
        "Choose an end that is after the beginning, and at most 24 hours.",
    ),
    empty=(
        "Nothing was counted in this period",
        "No numbers came from this room. Choose another lesson, or another day or time.",
    ),
    still_on="The lesson is still going on: this is what there is so far.",
    mostly="About {people} people. Mostly counted as “{first}” ({first_share} %).",
    mostly_two="About {people} people. Mostly counted as “{first}” ({first_share} %), "
    "then “{second}” ({second_share} %).",
    all_hidden="Too few people were in view to show numbers.",
    nothing="No people were counted.",
    minutes="{minutes} min",
    average_people="People on average",
    counted_time="With numbers",
    hidden_time="Too few people to show",
    missing_time="No data",
    gaps="For {minutes} of this lesson there is no data, so it is not the whole picture.",
    no_numbers="no numbers",
    people_on_average="about {people} people",
    timeline="The lesson, minute by minute",
    marks="Your marks",
    mark="Mark",
    mark_what="What happened",
    mark_when="At",
    mark_example="for example: group work starts",
    add_mark="Add mark",
    remove_mark="Remove",
    no_marks="Mark what happened, to find it again in the chart. Write no names of pupils.",
    mark_outside="The mark must lie within the lesson.",
    mark_long="Write one to 80 letters.",
    mark_many="A lesson has room for 30 marks. Remove one first.",
    shares="How often each emotion was counted",
    share="Share",
    share_alone="{share} %",
    share_range="{share} % (likely {low}–{high})",
    basis={
        "confusion": "The bar is what was counted. The line with two ends is where the share "
        "probably lies (95 %), given how often this network took one emotion for another in "
        "{faces} test pictures (FER-2013, PublicTest), and how many people were seen. Those "
        "pictures are no classroom: the real error may be larger.",
        "recall": "The bar is what was counted. The line with two ends is where the share probably "
        "lies (95 %), given how often this network was right for each emotion in {faces} test "
        "pictures (FER-2013, PublicTest); which emotions it confused is not known, so errors "
        "are taken to fall on all others alike. The real error may be larger.",
        "none": "The errors of the network are not known here, so no range is shown. "
        "The shares are rough.",
    },
    other_network="This room's device uses another network than the one whose errors are known "
    "here: take the ranges with care.",
    as_table="As a table",
    comparison="Beside other lessons in this room",
    comparison_hint="Shares of all people counted. A difference of a few points means nothing.",
    no_others="There is no other lesson to compare with yet.",
    keep="Keep it",
    csv="Table (CSV)",
    parquet="Table (Parquet)",
    html="Report to print (HTML)",
    html_hint="Opens in every browser. To make a PDF, print it to a file there.",
)
GERMAN: Final = Lesson(
    heading="Was in einer Stunde geschah",
    lesson="Stunde",
    this_lesson="Diese Stunde",
    choose_lesson="Stunde wählen",
    other_period="Anderer Tag, andere Zeit …",
    weekdays=("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    short_weekdays=("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"),
    months=(
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ),
    date="{weekday}, {day}. {month} {year}",
    short_date="{short_weekday} {day}.{month_number}.",
    day="Tag",
    begins="Von",
    ends="Bis",
    no_lessons=(
        "Noch keine Stunde zu berichten",
        "In diesem Raum wurde bisher nicht gezählt. Eine Stunde erscheint hier, sobald sie Zahlen "
        "hat.",
    ),
    wrong_period=(
        "Dieser Zeitraum kann nicht gezeigt werden",
        "Wählen Sie ein Ende nach dem Beginn, und höchstens 24 Stunden.",
    ),
    empty=(
        "In diesem Zeitraum wurde nicht gezählt",
        "Aus diesem Raum kamen keine Zahlen. Wählen Sie eine andere Stunde oder eine andere Zeit.",
    ),
    still_on="Die Stunde läuft noch: Das ist der Stand bisher.",
    mostly="Etwa {people} Personen. Am häufigsten gezählt: „{first}“ ({first_share} %).",
    mostly_two="Etwa {people} Personen. Am häufigsten gezählt: „{first}“ ({first_share} %), "
    "dann „{second}“ ({second_share} %).",
    all_hidden="Es waren zu wenige Personen im Bild, um Zahlen zu zeigen.",
    nothing="Niemand wurde gezählt.",
    minutes="{minutes} min",
    average_people="Personen im Mittel",
    counted_time="Mit Zahlen",
    hidden_time="Zu wenige Personen",
    missing_time="Keine Daten",
    gaps="Für {minutes} dieser Stunde gibt es keine Daten; das Bild ist also nicht vollständig.",
    no_numbers="keine Zahlen",
    people_on_average="etwa {people} Personen",
    timeline="Die Stunde, Minute für Minute",
    marks="Ihre Notizen",
    mark="Notiz",
    mark_what="Was geschah",
    mark_when="Um",
    mark_example="zum Beispiel: Gruppenarbeit beginnt",
    add_mark="Notiz setzen",
    remove_mark="Entfernen",
    no_marks="Notieren Sie, was geschah, um es im Bild wiederzufinden. Schreiben Sie keine Namen "
    "von Kindern.",
    mark_outside="Die Notiz muss in der Stunde liegen.",
    mark_long="Schreiben Sie 1 bis 80 Zeichen.",
    mark_many="Eine Stunde hat Platz für 30 Notizen. Entfernen Sie zuerst eine.",
    shares="Wie oft jedes Gefühl gezählt wurde",
    share="Anteil",
    share_alone="{share} %",
    share_range="{share} % (wohl {low}–{high})",
    basis={
        "confusion": "Der Balken ist das Gezählte. Die Linie mit zwei Enden zeigt, wo der Anteil "
        "wahrscheinlich liegt (95 %), danach, wie oft das Netz in {faces} Testbildern (FER-2013, "
        "PublicTest) ein Gefühl für ein anderes hielt, und wie viele Personen zu sehen waren. Jene "
        "Bilder sind keine Klasse: Der wirkliche Fehler kann größer sein.",
        "recall": "Der Balken ist das Gezählte. Die Linie mit zwei Enden zeigt, wo der Anteil "
        "wahrscheinlich liegt (95 %), danach, wie oft das Netz in {faces} Testbildern (FER-2013, "
        "PublicTest) bei jedem Gefühl richtig lag; welche es verwechselte, ist nicht bekannt, also "
        "gelten Fehler als gleich verteilt. Der wirkliche Fehler kann größer sein.",
        "none": "Die Fehler des Netzes sind hier nicht bekannt, darum steht hier kein Bereich. "
        "Die Anteile sind grob.",
    },
    other_network="Das Gerät in diesem Raum verwendet ein anderes Netz als das, dessen Fehler hier "
    "bekannt sind: Nehmen Sie die Bereiche mit Vorsicht.",
    as_table="Als Tabelle",
    comparison="Neben anderen Stunden in diesem Raum",
    comparison_hint="Anteile an allen gezählten Personen. Ein Unterschied von wenigen Punkten "
    "bedeutet nichts.",
    no_others="Es gibt noch keine andere Stunde zum Vergleichen.",
    keep="Aufbewahren",
    csv="Tabelle (CSV)",
    parquet="Tabelle (Parquet)",
    html="Bericht zum Drucken (HTML)",
    html_hint="Öffnet sich in jedem Browser. Für ein PDF drucken Sie ihn dort in eine Datei.",
)
