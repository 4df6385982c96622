"""The page about what the figures mean."""

import streamlit as st

from dashboard import language, rooms

words = language.words()
st.title(words.about.heading, anchor=False)
rooms.notice(*words.common.no_page)
