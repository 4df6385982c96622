"""Lets a teacher mark moments of a lesson, and take marks away."""

from datetime import datetime, time, timedelta, tzinfo
from typing import Final

import streamlit as st

from dashboard import access, rooms
from dashboard.language import words
from dashboard.report import Report
from dashboard.schema import MARK_LENGTH
from dashboard.store import Store, StoreError

MOST: Final = 30
"""So many marks a lesson may have."""
_TROUBLE: Final = "mark-trouble"
_TEXT: Final = "mark-text"
_WHEN: Final = "mark-when"


def draw(store: Store, lesson: Report, zone: tzinfo | None) -> None:
    """The marks of a lesson with a button each to remove it, and a form for another."""
    texts = words().lesson
    with st.container(key="marks"):
        st.subheader(texts.marks, anchor=False)
        for number, mark in enumerate(lesson.marks, start=1):
            with st.container(horizontal=True, vertical_alignment="center", key=f"mark-{mark.id}"):
                # As plain text: a teacher may write anything.
                st.text(
                    f"{number}.  {mark.at.astimezone(zone):%H:%M}  {mark.text}", width="content"
                )
                st.button(
                    f"{texts.remove_mark} {number}",
                    key=f"remove-{mark.id}",
                    on_click=_remove,
                    args=(store, lesson, mark.id),
                )
        if not lesson.marks:
            st.markdown(f":small[{texts.no_marks}]")
        with (
            st.form("mark", border=False, enter_to_submit=True),
            st.container(horizontal=True, vertical_alignment="bottom"),
        ):
            start = lesson.period.start.astimezone(zone)
            st.time_input(
                texts.mark_when,
                start.time().replace(second=0, microsecond=0),
                step=timedelta(minutes=1),
                key=_WHEN,
                width=140,
            )
            st.text_input(
                texts.mark_what,
                max_chars=MARK_LENGTH,
                placeholder=texts.mark_example,
                key=_TEXT,
                width=420,
            )
            st.form_submit_button(texts.add_mark, on_click=_add, args=(store, lesson, zone))
        trouble = st.session_state.pop(_TROUBLE, None)
        if trouble:
            st.markdown(f":material/error: {trouble}")


def _add(store: Store, lesson: Report, zone: tzinfo | None) -> None:
    texts = words().lesson
    text = "".join(c if c.isprintable() else " " for c in st.session_state[_TEXT]).strip()
    at = _moment(lesson, st.session_state[_WHEN], zone)
    if not 1 <= len(text) <= MARK_LENGTH:
        st.session_state[_TROUBLE] = texts.mark_long
    elif at is None:
        st.session_state[_TROUBLE] = texts.mark_outside
    elif len(lesson.marks) >= MOST:
        st.session_state[_TROUBLE] = texts.mark_many
    elif _allowed(lesson):
        try:
            store.add_mark(lesson.room.site, lesson.room.device, at, text)
            st.session_state[_TEXT] = ""
        except StoreError:
            st.session_state[_TROUBLE] = words().common.no_store[0]


def _remove(store: Store, lesson: Report, mark_id: str) -> None:
    if _allowed(lesson):
        try:
            store.remove_mark(lesson.room.site, lesson.room.device, mark_id)
        except StoreError:
            st.session_state[_TROUBLE] = words().common.no_store[0]


def _allowed(lesson: Report) -> bool:
    """Whether this session still may see the room."""
    known = access.allowed_rooms(rooms.watch().rooms())
    return lesson.room.name in {room.name for room in known}


def _moment(lesson: Report, clock: time | None, zone: tzinfo | None) -> datetime | None:
    """The moment of the lesson at which a clock showed a time; None where it never did."""
    if clock is None:
        return None
    for moment in (lesson.period.start, lesson.period.end):
        wall = datetime.combine(moment.astimezone(zone).date(), clock)
        at = wall.astimezone() if zone is None else wall.replace(tzinfo=zone)
        if lesson.period.start <= at <= lesson.period.end:
            return at
    return None
