"""The page on which a teacher tries the networks."""

import streamlit as st

from dashboard import language, rooms

words = language.words()
st.title(words.try_it.heading, anchor=False)
rooms.notice(*words.common.no_page)
