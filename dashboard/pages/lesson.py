"""The report of one lesson in one room."""

import streamlit as st

from dashboard import language, rooms

words = language.words()
st.title(words.lesson.heading, anchor=False)
rooms.notice(*words.common.no_page)
