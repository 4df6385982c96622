"""The devices page, for the person who runs them."""

import streamlit as st

from dashboard import language, rooms

words = language.words()
st.title(words.devices.heading, anchor=False)
rooms.notice(*words.common.no_page)
