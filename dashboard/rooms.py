"""What every page with a room shares: the store, the picker, and a notice in place of numbers."""

import threading
from typing import Final

import streamlit as st

from dashboard import language, settings
from dashboard.feed import Feed
from dashboard.records import Room
from dashboard.store import Store
from dashboard.watch import Watch

_ROOM: Final = "room"  # the query parameter and the picker's key
_CHOSEN: Final = "chosen-room"
_LONGEST_ECHO: Final = 80


# Not Streamlit's cache, which takes longer to find something than a look at it does.
_watches: dict[tuple[str, str | None], Watch] = {}
_opening = threading.Lock()


def watch() -> Watch:
    """The store and the broker, as all sessions share them.

    Raises:
        StoreError: when the store cannot be opened.
    """
    told = settings.current()
    key = told.store, None if told.broker is None else str(told.broker)
    with _opening:
        if key not in _watches:
            store = Store(told.store)
            _watches[key] = Watch(store, None if told.broker is None else Feed(told.broker))
        return _watches[key]


def store() -> Store:
    """The store that all sessions share.

    Raises:
        StoreError: when it cannot be opened.
    """
    return watch().store


def pick(rooms: list[Room]) -> Room | None:
    """The room that the address or the person chose; None when it is not known."""
    words = language.words().common
    names = sorted(room.name for room in rooms)
    asked = st.query_params.get(_ROOM)
    value = st.session_state.get(_ROOM)
    if value not in names:
        # Chosen once: with two rooms at work, the last one seen changes every second. The
        # picker's own value is forgotten on a page without one.
        value = st.session_state.get(_CHOSEN)
        value = value if value in names else rooms[0].name
        if asked is not None:
            value = asked if asked in names else None
    # Each time: another page's picker has the same key, and would begin without a value.
    st.session_state[_ROOM] = value
    choice: str | None = st.selectbox(
        words.room,
        names,
        index=None,
        key=_ROOM,
        placeholder=words.choose_room,
        label_visibility="collapsed",
        width=340,
    )
    if choice is not None:
        st.session_state[_CHOSEN] = choice
        if choice != asked:
            st.query_params[_ROOM] = choice
    return next((room for room in rooms if room.name == choice), None)


def notice(title: str, advice: str) -> None:
    """A title that says what is the matter, and a sentence that says what to do.

    Both are read as Markdown: never pass text from the network.
    """
    with st.container(key="notice"):
        st.header(title, anchor=False)
        st.markdown(advice)


def notice_unknown() -> None:
    """The room in the address is not known."""
    notice(*language.words().common.unknown_room)
    # As plain text: an address may hold anything.
    st.text(st.query_params.get(_ROOM, "")[:_LONGEST_ECHO])


def notice_no_store(error: Exception) -> None:
    """The store does not answer."""
    notice(*language.words().common.no_store)
    st.text(str(error))
