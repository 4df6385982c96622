"""The live page: picks a room and redraws it every second."""

import streamlit as st

from dashboard import live, rooms
from dashboard.language import words
from dashboard.records import Room
from dashboard.store import Store, StoreError


@st.fragment(run_every=1)
def _draw() -> None:
    try:
        store = rooms.store()
        _draw_rooms(store, rooms.allowed(store))
    except StoreError as error:
        rooms.notice_no_store(error)


def _draw_rooms(store: Store, known: list[Room]) -> None:
    if not known:
        rooms.notice(*words().common.no_rooms)
        return
    with st.container(key="header", horizontal=True, vertical_alignment="center", gap="medium"):
        room = rooms.pick(known)
        view = None if room is None else live.read(store, room)
        if view is not None:
            live.draw_state(view)
    if view is not None:
        live.draw(view)
    else:
        rooms.notice_unknown()


_draw()
