"""Picks the language of whoever looks: asked for, set, the browser's, or English."""

from typing import Final

import streamlit as st

from dashboard import settings
from dashboard.texts import LANGUAGES, Texts

_PARAMETER: Final = "lang"
_CHOSEN: Final = "language"


def tag() -> str:
    """The language of this session, a key of `LANGUAGES`."""
    asked = st.query_params.get(_PARAMETER)
    if asked in LANGUAGES:
        # Another page has another address, without the parameter.
        st.session_state[_CHOSEN] = asked
    locale = (st.context.locale or "").partition("-")[0].lower()
    wishes = (st.session_state.get(_CHOSEN), settings.current().language, locale)
    return next((wish for wish in wishes if wish in LANGUAGES), next(iter(LANGUAGES)))


def words() -> Texts:
    """All words in the language of this session."""
    return LANGUAGES[tag()]


def choose(language: str) -> None:
    """Makes a language this session's, and the address's."""
    st.session_state[_CHOSEN] = language
    st.query_params[_PARAMETER] = language
