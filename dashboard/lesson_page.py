"""Draws the report of one lesson from top to bottom."""

from datetime import datetime, timezone, tzinfo

import streamlit as st

from dashboard import (
    access,
    confusion,
    export,
    lesson_charts,
    lesson_picker,
    marks,
    periods,
    printed,
    report,
    rooms,
    settings,
    style,
    zone,
)
from dashboard.history import CATEGORIES
from dashboard.language import tag, words
from dashboard.lesson_words import (
    beginning,
    facts,
    heading,
    headline,
    limits,
    share_words,
    warnings,
)
from dashboard.records import Room, Totals
from dashboard.report import Report
from dashboard.store import Store


def draw() -> None:
    """Picks a room and a lesson, and reports it.

    Raises:
        StoreError: when the store does not answer.
    """
    store, local, now = rooms.store(), zone.of_session(), datetime.now(timezone.utc)
    known = access.allowed_rooms(store.rooms())
    if not known:
        rooms.notice(*words().common.no_rooms)
        return
    with st.container(key="header", horizontal=True, vertical_alignment="center"):
        room = rooms.pick(known)
        period = None if room is None else lesson_picker.pick(store, room, now, local)
    if room is None:
        rooms.notice_unknown()
        return
    if period is None:
        return
    lesson = report.read(store, room, period, confusion.released(room.status), now)
    if not lesson.windows:
        rooms.notice(*words().lesson.empty)
        return
    _draw_summary(lesson, local)
    _draw_timeline(store, lesson, local)
    _draw_shares(lesson)
    _draw_rest(lesson, _others(store, lesson, now, local), local)


def _others(
    store: Store, lesson: Report, now: datetime, local: tzinfo | None
) -> list[tuple[str, Totals]]:
    """Other lessons of the room: a name, and the totals."""
    room: Room = lesson.room
    timetable = settings.current().timetable
    return [
        (
            beginning(other, local, words()),
            store.totals(room.site, room.device, other.start, other.end),
        )
        for other in periods.others(store, room, lesson.period, timetable, now, local)
    ]


def _draw_summary(lesson: Report, local: tzinfo | None) -> None:
    texts = words()
    with st.container(key="lesson-summary"):
        # As plain text: a timetable may hold anything.
        st.text(heading(lesson.period, local, texts))
        st.markdown(headline(lesson, texts))
        for warning in warnings(lesson, texts):
            st.markdown(f":material/info: {warning}")
    with st.container(key="lesson-facts"):
        for name, value in facts(lesson, texts):
            with st.container():
                st.metric(name, value)


def _draw_timeline(store: Store, lesson: Report, local: tzinfo | None) -> None:
    texts = words()
    st.header(texts.lesson.timeline, anchor=False)
    style.draw_legend(texts)
    chart = lesson_charts.timeline(lesson, local, texts, style.palette())
    st.vega_lite_chart(chart, width="stretch", theme=None, key="lesson-timeline")
    st.markdown(f":small[{texts.live.chart_hint}]")
    marks.draw(store, lesson, local)


def _draw_shares(lesson: Report) -> None:
    texts, shares = words(), report.shares(lesson.totals)
    st.header(texts.lesson.shares, anchor=False)
    if shares is None:
        st.markdown(texts.lesson.no_numbers)
        return
    chart = lesson_charts.shares(lesson, texts, style.palette())
    st.vega_lite_chart(chart, width="stretch", theme=None, key="lesson-shares")
    with st.container(key="limits"):
        st.markdown(limits(lesson, texts))
    with st.expander(texts.lesson.as_table):
        rows = []
        for category in CATEGORIES:
            label = share_words(shares[category], (lesson.ranges or {}).get(category), texts)
            rows.append(
                {
                    texts.common.emotion: texts.common.emotions[category],
                    texts.lesson.share: label,
                }
            )
        st.table(rows)


def _draw_rest(lesson: Report, others: list[tuple[str, Totals]], local: tzinfo | None) -> None:
    texts = words()
    st.header(texts.lesson.comparison, anchor=False)
    if others:
        rows = [(texts.lesson.this_lesson, lesson.totals), *others]
        style.draw_legend(texts)
        chart = lesson_charts.comparison(rows, texts, style.palette())
        st.vega_lite_chart(chart, width="stretch", theme=None, key="lesson-comparison")
        st.markdown(f":small[{texts.lesson.comparison_hint}]")
    else:
        st.markdown(texts.lesson.no_others)
    st.header(texts.lesson.keep, anchor=False)
    stem = export.file_stem(lesson)
    with st.container(key="exports", horizontal=True):
        for label, end, kind, content in (
            (
                texts.lesson.html,
                "html",
                "text/html",
                lambda: printed.html(lesson, others, local, tag(), texts),
            ),
            (texts.lesson.csv, "csv", "text/csv", lambda: export.csv(lesson)),
            (
                texts.lesson.parquet,
                "parquet",
                "application/vnd.apache.parquet",
                lambda: export.parquet(lesson),
            ),
        ):
            st.download_button(
                label, content, f"{stem}.{end}", kind, key=f"export-{end}", on_click="ignore"
            )
    st.markdown(f":small[{texts.lesson.html_hint}]")
