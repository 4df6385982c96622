"""The time zone of whoever looks: the browser's, else this machine's."""

from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st


def of_session() -> tzinfo | None:
    """The session's zone; None is this machine's."""
    name = st.context.timezone
    try:
        return None if not name else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None  # a browser may say anything
