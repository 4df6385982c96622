"""Pauses and resumes a device from its page, and tells what came of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final, Literal

import streamlit as st

from dashboard import access, rooms
from dashboard.language import words
from dashboard.records import Room
from dashboard.watch import View

ANSWER: Final = timedelta(seconds=10)
"""So long an answer is awaited."""
_ASKED: Final = "asked"

Word = Literal["pause", "resume"]
Outcome = Literal["waiting", "no_answer", "not_sent", "still_paused"]


@dataclass(frozen=True)
class Asked:
    """What this session asked last; ``sent`` is False where the broker was away."""

    room: str
    word: Word
    at: datetime
    sent: bool


def outcome(room: Room, view: View, now: datetime) -> Outcome | None:
    """What there is to tell of the last command: None when it was followed, or there was none."""
    asked: Asked | None = st.session_state.get(_ASKED)
    if asked is None or asked.room != room.name:
        return None
    if not asked.sent:
        return "not_sent"
    if view.answered_at is None or view.answered_at < asked.at:
        return "waiting" if now - asked.at < ANSWER else "no_answer"
    paused = view.room.status is not None and view.room.status.state == "paused"
    return "still_paused" if paused and asked.word == "resume" else None


def draw(room: Room, view: View, now: datetime) -> None:
    """The button for what can be done now; none where the pages have no broker."""
    if view.listening is None:
        return
    texts = words().live
    state = view.room.status.state if view.room.status else "unknown"
    word: Word = "resume" if state == "paused" else "pause"
    if state in ("online", "paused"):
        st.button(
            texts.resume if word == "resume" else texts.pause,
            key="pause-or-resume",
            icon=":material/play_arrow:" if word == "resume" else ":material/pause:",
            on_click=_ask,
            args=(room, word),
            disabled=not view.listening or outcome(room, view, now) == "waiting",
            help=None if view.listening else texts.cannot_send,
        )
    told = outcome(room, view, now)
    if told is not None:
        with st.container(key="command-outcome", width="content"):
            st.markdown(texts.outcomes[told])


def _ask(room: Room, word: Word) -> None:
    watch = rooms.watch()
    if watch.feed is None or room.name not in {
        one.name for one in access.allowed_rooms(watch.rooms())
    }:
        return
    at = datetime.now(timezone.utc)
    sent = watch.feed.command(room.site, room.device, word)
    st.session_state[_ASKED] = Asked(room.name, word, at, sent)
