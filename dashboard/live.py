"""Draws one room as it is now: people, emotions, the device's state, and the last minutes."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

import streamlit as st

from dashboard import charts, rooms
from dashboard.history import CATEGORIES, UNCERTAIN
from dashboard.language import words
from dashboard.records import Room, Window
from dashboard.situation import Situation, situation
from dashboard.store import Store

_STATES: Final[dict[str, tuple[str, str]]] = {
    "online": (":material/check_circle:", "green"),
    "paused": (":material/pause_circle:", "orange"),
    "offline": (":material/cancel:", "red"),
    "unknown": (":material/help:", "grey"),
}
"""State → its icon and colour; the word says it too."""


@dataclass(frozen=True)
class View:
    """All that is shown of a room at a moment; ``end`` is the chart's right edge."""

    room: Room
    newest: Window | None
    where: Situation
    recent: list[Window]
    end: datetime


def read(store: Store, room: Room) -> View:
    """Reads a room from the store.

    Raises:
        StoreError: when the store does not answer.
    """
    now = datetime.now(timezone.utc)
    newest = store.newest_window(room.site, room.device)
    end = _right_edge(newest, room.window_length, now)
    recent = store.windows(room.site, room.device, end - charts.SPAN)
    return View(room, newest, situation(room, newest, store.recorders(), now), recent, end)


def draw_state(view: View) -> None:
    """The device's state and the age of its numbers."""
    texts = words()
    state = view.room.status.state if view.room.status else "unknown"
    icon, colour = _STATES[state]
    known = ""
    if not view.where.heard:
        known, colour = texts.live.last_known, "grey"
    age = view.where.age
    shown = texts.live.no_numbers_yet if age is None else texts.common.age(age)
    with st.container(key="device-state", width="content"):
        st.markdown(f":{colour}-badge[{icon} {known}{texts.common.states[state]}]")
    with st.container(key="data-age", width="content"):
        st.markdown(f"{texts.live.newest}: **{shown}**")


def draw(view: View) -> None:
    """People and emotions now, or why there are none, and the last minutes."""
    texts = words()
    live = view.newest if view.where.kind == "live" else None
    left, right = st.columns([1, 3], vertical_alignment="center")
    with left, st.container(key="people-now"):
        st.metric(texts.live.people_now, live.faces if live else texts.common.no_number)
    with right, st.container(key="emotion-counts"):
        if live is not None:
            _draw_counts(live)
        else:
            rooms.notice(*_explanation(view.room, view.where))
    with st.container(key="history-chart"):
        st.markdown(f"**{texts.live.last_minutes}** {texts.live.chart_hint}")
        chart = charts.recent_people(view.recent, view.end, view.room.window_length, texts)
        st.vega_lite_chart(chart, width="stretch", theme=None, key="history")


def _draw_counts(window: Window) -> None:
    names = words().common.emotions
    counts = {**(window.counts or {}), UNCERTAIN: window.uncertain or 0}
    for category in CATEGORIES:
        with st.container(key=f"emotion-{category}"):
            st.metric(names[category], counts[category])


def _explanation(room: Room, where: Situation) -> tuple[str, str]:
    texts = words().live
    if where.kind == "suppressed":
        return texts.hidden(room.status.min_faces if room.status else None)
    title, advice = {
        "no_recorder": texts.no_recorder,
        "no_broker": texts.no_broker,
        "paused": texts.paused,
        "offline": texts.offline,
        "stale": texts.stale,
        "waiting": texts.waiting,
    }[where.kind]
    reason = room.status.reason if room.status and where.kind in ("paused", "offline") else ""
    return title, texts.by_reason.get(reason, advice)


def _right_edge(newest: Window | None, length: timedelta, now: datetime) -> datetime:
    """Where the chart ends: moves once a window, so that it is not redrawn each second."""
    if newest is not None and now - newest.ended_at < 2 * length:
        return newest.ended_at
    step = length.total_seconds()
    return datetime.fromtimestamp(now.timestamp() // step * step, timezone.utc)
