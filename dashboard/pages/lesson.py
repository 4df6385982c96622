"""The lesson report: what was counted in a room in one lesson, to read, mark, compare and keep."""

import streamlit as st

from dashboard import lesson_page, rooms
from dashboard.language import words
from dashboard.store import StoreError

with st.container(key="lesson-heading"):
    st.title(words().lesson.heading, anchor=False)
try:
    lesson_page.draw()
except StoreError as error:
    rooms.notice_no_store(error)
