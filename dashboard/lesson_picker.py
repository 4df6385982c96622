"""Picks a lesson: one of the last, or any day and time; the address remembers the choice."""

from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

import streamlit as st

from dashboard import periods, report, rooms, settings
from dashboard.language import words
from dashboard.lesson_words import short_heading
from dashboard.records import Room
from dashboard.store import Store
from dashboard.timetable import Period

_FROM: Final = "from"
_TO: Final = "to"
_FORM: Final = "%Y-%m-%dT%H:%M"
_CUSTOM: Final = -1
_LONGEST_NIGHT: Final = timedelta(hours=12)


def pick(store: Store, room: Room, now: datetime, zone: tzinfo | None) -> Period | None:
    """The lesson that the address or the person chose, else the last one; None after a notice.

    Raises:
        StoreError: when the store does not answer.
    """
    texts = words()
    offered = periods.recent(store, room, settings.current().timetable, now, zone)
    if not offered:
        rooms.notice(*texts.lesson.no_lessons)
        return None
    asked = _asked(zone)
    names = {index: short_heading(period, zone, texts) for index, period in enumerate(offered)}
    names[_CUSTOM] = texts.lesson.other_period
    key = f"lesson-{room.name}"
    if key not in st.session_state:
        st.session_state[key] = _index(offered, asked) if asked else 0
    choice = st.selectbox(
        texts.lesson.lesson,
        list(names),
        format_func=lambda index: names.get(index, ""),
        key=key,
        label_visibility="collapsed",
        width=480,
    )
    period = offered[choice] if choice in range(len(offered)) else None
    if period is None:
        period = _custom(asked or offered[0], zone)
    if period is not None:
        _remember(period, zone)
    return period


def _index(offered: list[Period], asked: Period) -> int:
    same = (i for i, p in enumerate(offered) if (p.start, p.end) == (asked.start, asked.end))
    return next(same, _CUSTOM)


def _custom(first: Period, zone: tzinfo | None) -> Period | None:
    """A day and hours from three fields; None after a notice."""
    texts = words().lesson
    start, end = (moment.astimezone(zone) for moment in (first.start, first.end))
    day = st.date_input(texts.day, start.date(), key="lesson-day", width=170)
    step = timedelta(minutes=5)
    begins = st.time_input(texts.begins, _shown(start), key="lesson-from", step=step, width=130)
    ends = st.time_input(texts.ends, _shown(end), key="lesson-to", step=step, width=130)
    if not isinstance(day, date) or begins is None or ends is None:
        return None
    period = Period(_moment(day, begins, zone), _moment(_last_day(day, begins, ends), ends, zone))
    if timedelta(0) < period.end - period.start <= report.LONGEST:
        return period
    rooms.notice(*texts.wrong_period)
    return None


def _last_day(day: date, begins: time, ends: time) -> date:
    """The day on which a period ends: the next one where it lasts over midnight."""
    if day == date.max:
        return day
    next_day = day + timedelta(days=1)
    # Longer nights are two hours in the wrong order.
    short = datetime.combine(next_day, ends) - datetime.combine(day, begins) <= _LONGEST_NIGHT
    return next_day if ends <= begins and (ends == time(0) or short) else day


def _asked(zone: tzinfo | None) -> Period | None:
    """The period in the address, which may hold anything."""
    try:
        start, end = (
            datetime.strptime(st.query_params.get(name, ""), _FORM) for name in (_FROM, _TO)
        )
        period = Period(
            _moment(start.date(), start.time(), zone), _moment(end.date(), end.time(), zone)
        )
        return period if timedelta(0) < period.end - period.start <= report.LONGEST else None
    except (ValueError, OverflowError, OSError):
        return None


def _remember(period: Period, zone: tzinfo | None) -> None:
    for name, moment in ((_FROM, period.start), (_TO, period.end)):
        text = moment.astimezone(zone).strftime(_FORM)
        if st.query_params.get(name) != text:
            st.query_params[name] = text


def _shown(moment: datetime) -> time:
    return moment.time().replace(second=0, microsecond=0)


def _moment(day: date, clock: time, zone: tzinfo | None) -> datetime:
    wall = datetime.combine(day, clock)
    return wall.astimezone() if zone is None else wall.replace(tzinfo=zone)
