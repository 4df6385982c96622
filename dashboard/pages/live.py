"""The live page: one room as it is now, drawn anew when something is new."""

from datetime import datetime, timezone

import streamlit as st

from dashboard import access, live, rooms, switch
from dashboard.language import words
from dashboard.records import Room
from dashboard.store import StoreError

_TICK_SECONDS = 0.5


def _draw() -> None:
    st.html(f'<h1 class="unseen">{words().common.pages["live"]}</h1>')
    try:
        known = access.allowed_rooms(rooms.watch().rooms())
        if not known:
            rooms.notice(*words().common.no_rooms)
            _tick(None, _look(None))
            return
        with st.container(key="header", horizontal=True, vertical_alignment="center"):
            room = rooms.pick(known)
            scene = None if room is None else _draw_header(room)
        if scene is not None:
            live.draw(scene)
            with st.container(key="to-report"):
                st.page_link(
                    "pages/lesson.py", label=words().live.to_report, icon=":material/timeline:"
                )
            return
        rooms.notice_unknown()
        _tick(None, _look(None))
    except StoreError as error:
        rooms.notice_no_store(error)
        _tick(None, str(error))


def _draw_header(room: Room) -> live.Scene:
    """The rest of the line with the picker."""
    now = datetime.now(timezone.utc)
    view = rooms.watch().view(room)
    scene = live.scene(view, now)
    live.draw_state(scene)
    with st.container(key="data-age", width="content"):
        _tick(room, (scene, switch.outcome(room, view, now)))
    switch.draw(room, view, now)
    return scene


def _look(room: Room | None) -> object:
    """All that the page is drawn from; the page is drawn anew when this is another."""
    now = datetime.now(timezone.utc)
    try:
        known = access.allowed_rooms(rooms.watch().rooms())
        if room is None:
            return [one.name for one in known]
        view = rooms.watch().view(room)
        return live.scene(view, now), switch.outcome(room, view, now)
    except StoreError as error:
        return str(error)


@st.fragment(run_every=_TICK_SECONDS)
def _tick(room: Room | None, drawn: object) -> None:
    """The age of the numbers, and a look for what is new; nothing else is sent while it waits."""
    if room is not None and isinstance(drawn, tuple):
        live.draw_age(drawn[0], datetime.now(timezone.utc))
    if _look(room) != drawn:
        st.rerun()


with live.TURN:
    _draw()
