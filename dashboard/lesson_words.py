"""Says in words what a lesson's report holds, the same on the page and on paper."""

from datetime import datetime, timedelta, tzinfo
from typing import Final

from dashboard import confusion, report
from dashboard.confusion import Range
from dashboard.history import UNCERTAIN
from dashboard.report import Report
from dashboard.texts import Texts
from dashboard.timetable import Period

_NOTABLE_GAP: Final = timedelta(minutes=2)  # less comes of whole minutes
_NOTABLE_SHARE: Final = 0.1


def heading(period: Period, zone: tzinfo | None, texts: Texts) -> str:
    """The lesson's name where it has one, its day, and its hours."""
    name = f"{period.name}, " if period.name else ""
    return f"{name}{_day(period.start, zone, texts.lesson.date, texts)}, {_hours(period, zone)}"


def short_heading(period: Period, zone: tzinfo | None, texts: Texts) -> str:
    """The same, short enough for a list."""
    name = f"{period.name}, " if period.name else ""
    day = _day(period.start, zone, texts.lesson.short_date, texts)
    return f"{name}{day}, {_hours(period, zone)}"


def beginning(period: Period, zone: tzinfo | None, texts: Texts) -> str:
    """Its day and when it begins, short enough for a chart."""
    day = _day(period.start, zone, texts.lesson.short_date, texts)
    return f"{day} {period.start.astimezone(zone):%H:%M}"


def headline(lesson: Report, texts: Texts) -> str:
    """The lesson in a sentence or two."""
    words, shares = texts.lesson, report.shares(lesson.totals)
    if lesson.average_people is None:
        return words.all_hidden if lesson.windows else words.empty[0]
    if shares is None:
        return words.nothing
    # What could not be told is nobody's emotion.
    first, second = sorted((c for c in shares if c != UNCERTAIN), key=lambda c: -shares[c])[:2]
    form = words.mostly_two if shares[second] >= _NOTABLE_SHARE else words.mostly
    return form.format(
        people=round(lesson.average_people),
        first=texts.common.emotions[first],
        first_share=_percent(shares[first]),
        second=texts.common.emotions[second],
        second_share=_percent(shares[second]),
    )


def warnings(lesson: Report, texts: Texts) -> list[str]:
    """What a reader must know before the numbers."""
    found = []
    if lesson.until < lesson.period.end:
        found.append(texts.lesson.still_on)
    if lesson.missing_time >= _NOTABLE_GAP:
        found.append(texts.lesson.gaps.format(minutes=minutes_of(lesson.missing_time, texts)))
    return found


def facts(lesson: Report, texts: Texts) -> list[tuple[str, str]]:
    """What each figure is called, and the figure."""
    words, people = texts.lesson, lesson.average_people
    return [
        (words.average_people, texts.common.no_number if people is None else str(round(people))),
        (words.counted_time, minutes_of(lesson.counted_time, texts)),
        (words.hidden_time, minutes_of(lesson.hidden_time, texts)),
        (words.missing_time, minutes_of(lesson.missing_time, texts)),
    ]


def limits(lesson: Report, texts: Texts) -> str:
    """What the ranges are made from, and what they leave out."""
    status = lesson.room.status
    known, words = confusion.released(status), texts.lesson
    if known is None:
        return words.basis["none"]
    text = words.basis[known.basis].format(faces=f"{known.faces.sum():.0f}")
    if status is not None and status.model_sha256.emotion_classifier != known.sha256:
        text = f"{text} {words.other_network}"
    return text


def share_words(share: float, known: Range | None, texts: Texts) -> str:
    """``32 %  (probably 24 to 33)``; without the range where it is not known."""
    if known is None:
        return texts.lesson.share_alone.format(share=_percent(share))
    low, high = _percent(known.low), _percent(known.high)
    return texts.lesson.share_range.format(share=_percent(share), low=low, high=high)


def minutes_of(length: timedelta, texts: Texts) -> str:
    """A length in whole minutes; never none where there is something."""
    minutes = round(length.total_seconds() / 60)
    if minutes == 0 and length:
        minutes = 1
    return texts.lesson.minutes.format(minutes=minutes)


def _percent(share: float) -> int:
    return round(100 * share)


def _day(moment: datetime, zone: tzinfo | None, form: str, texts: Texts) -> str:
    local = moment.astimezone(zone)
    return form.format(
        weekday=texts.lesson.weekdays[local.weekday()],
        short_weekday=texts.lesson.short_weekdays[local.weekday()],
        day=local.day,
        month=texts.lesson.months[local.month - 1],
        short_month=texts.lesson.months[local.month - 1][:3],
        month_number=local.month,
        year=local.year,
    )


def _hours(period: Period, zone: tzinfo | None) -> str:
    start, end = period.start.astimezone(zone), period.end.astimezone(zone)
    return f"{start:%H:%M}–{end:%H:%M}"
