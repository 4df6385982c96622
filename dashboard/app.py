"""The teacher's page: picks a room and redraws it every second from the store."""

import os
from typing import Final

import streamlit as st

from dashboard import live, style, texts
from dashboard.records import Room
from dashboard.store import DEFAULT_URL, Store, StoreError

_ROOM: Final = "room"  # the query parameter and the picker's key
_LONGEST_ECHO: Final = 80


@st.cache_resource(show_spinner=False)
def _open_store(url: str) -> Store:
    return Store(url)


@st.fragment(run_every=1)
def _draw() -> None:
    try:
        store = _open_store(os.environ.get("DASHBOARD_STORE", DEFAULT_URL))
        _draw_rooms(store, store.rooms())
    except StoreError as error:
        live.notice(*texts.NO_STORE)
        st.text(str(error))


def _draw_rooms(store: Store, rooms: list[Room]) -> None:
    if not rooms:
        live.notice(*texts.NO_ROOMS)
        return
    with st.container(key="header", horizontal=True, vertical_alignment="center", gap="medium"):
        name = _pick(rooms)
        room = next((room for room in rooms if room.name == name), None)
        view = None if room is None else live.read(store, room)
        if view is not None:
            live.draw_state(view)
    if view is not None:
        live.draw(view)
        return
    live.notice(*texts.UNKNOWN_ROOM)
    # As plain text: an address may hold anything.
    st.text(st.query_params.get(_ROOM, "")[:_LONGEST_ECHO])


def _pick(rooms: list[Room]) -> str | None:
    """The room's name that the address or the teacher chose; None when it is not known."""
    names = sorted(room.name for room in rooms)
    asked = st.query_params.get(_ROOM)
    if st.session_state.get(_ROOM) not in names:
        # Chosen once: with two rooms at work, the last one seen changes every second.
        first = rooms[0].name
        st.session_state[_ROOM] = first if asked is None else asked if asked in names else None
    choice: str | None = st.selectbox(
        texts.ROOM,
        names,
        index=None,
        key=_ROOM,
        placeholder=texts.CHOOSE_ROOM,
        label_visibility="collapsed",
        width=340,
    )
    if choice is not None and choice != asked:
        st.query_params[_ROOM] = choice
    return choice


def main() -> None:
    """Draws the page."""
    st.set_page_config(page_title=texts.TITLE, layout="wide")
    st.html(f"<style>{style.CSS}</style>")
    _draw()
    with st.container(key="footer"):
        st.markdown(f"{texts.ONLY_COUNTS} {texts.NO_PUPIL}")


main()
