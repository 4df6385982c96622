"""Draws one room as it is now: people, emotions, the device's state, and the last minutes."""

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import streamlit as st
from pyarrow import Table

from dashboard import change, charts, rooms, style
from dashboard.history import CATEGORIES, UNCERTAIN
from dashboard.language import words
from dashboard.records import Window
from dashboard.situation import Kind
from dashboard.watch import View
from edge_agent.messages import Reason

_STATES: Final[dict[str, tuple[str, str]]] = {
    "online": (":material/check_circle:", "green"),
    "paused": (":material/pause_circle:", "orange"),
    "offline": (":material/cancel:", "red"),
    "unknown": (":material/help:", "grey"),
}
"""State → its icon and colour; the word says it too."""
_CHARTS_KEPT: Final = 8
TURN: Final = threading.Lock()
"""Held while a session draws the page. Sessions that share the interpreter would otherwise all be
ready when the last one is; in turn, half of them are in half the time."""


@dataclass(frozen=True)
class Scene:
    """What is drawn of a room: equal to another when nothing must be drawn anew.

    Attributes:
        state: of the device, or ``unknown``.
        heard: whether the state can be believed, or is only the last one known.
        kept: whether a recorder keeps the numbers.
        end: the chart's right edge.
        charts: of the view.
    """

    kind: Kind
    heard: bool
    state: str
    reason: Reason | None
    min_faces: int | None
    window_length: timedelta
    newest: Window | None
    recent: tuple[Window, ...]
    kept: bool
    end: datetime
    charts: dict[object, dict[str, Any]] = field(compare=False, repr=False)


def scene(view: View, now: datetime) -> Scene:
    """What to draw of a room at a moment."""
    where, status = view.situation(now), view.room.status
    return Scene(
        kind=where.kind,
        heard=where.heard,
        state=status.state if status else "unknown",
        reason=status.reason if status else None,
        min_faces=status.min_faces if status else None,
        window_length=view.room.window_length,
        newest=view.newest,
        recent=view.recent,
        kept=view.kept(now),
        end=_right_edge(view.newest, view.room.window_length, now),
        charts=view.charts,
    )


def draw_state(scene: Scene) -> None:
    """The device's state."""
    texts = words()
    icon, colour = _STATES[scene.state]
    known = ""
    if not scene.heard:
        known, colour = texts.live.last_known, "grey"
    with st.container(key="device-state", width="content"):
        st.markdown(f":{colour}-badge[{icon} {known}{texts.common.states[scene.state]}]")


def draw_age(scene: Scene, now: datetime) -> None:
    """How old the newest numbers are."""
    texts = words()
    age = texts.live.no_numbers_yet
    if scene.newest is not None:
        age = texts.common.age(now - scene.newest.ended_at)
    st.markdown(f"{texts.live.newest}: **{age}**")


def draw(scene: Scene) -> None:
    """People and emotions now, or why there are none, what changed, and the last minutes."""
    texts = words()
    live = scene.newest if scene.kind == "live" else None
    left, right = st.columns([1, 3], vertical_alignment="center")
    with left, st.container(key="people-now"):
        st.metric(texts.live.people_now, live.faces if live else texts.common.no_number)
    with right, st.container(key="emotion-counts"):
        if live is not None:
            _draw_counts(live)
        else:
            rooms.notice(*_explanation(scene))
    if live is not None:
        with st.container(key="change"):
            st.markdown(_change(scene))
    if not scene.kept and scene.kind in ("live", "suppressed"):
        with st.container(key="not-kept"):
            st.markdown(texts.live.not_kept)
    with st.container(key="history-chart"):
        st.markdown(f"**{texts.live.last_minutes}** {texts.live.chart_hint}")
        # The tiles are the legend, and where nothing was counted there is nothing to explain.
        if live is None and any(window.counts for window in scene.recent):
            style.draw_legend(texts)
        st.vega_lite_chart(_chart(scene), width="stretch", theme=None, key="history")


def _chart(scene: Scene) -> dict[str, Any]:
    """The last minutes, drawn by the first session that wants them so."""
    texts, palette = words(), style.palette()
    key = scene.end, texts, palette
    chart = scene.charts.get(key)
    if chart is None:
        chart = charts.recent_people(scene.recent, scene.end, scene.window_length, texts, palette)
        # Streamlit would make a table of each list of rows, by way of pandas, in each session.
        tables = {name: Table.from_pylist(rows) for name, rows in chart["datasets"].items()}
        chart["datasets"] = tables
        if len(scene.charts) >= _CHARTS_KEPT:
            scene.charts.clear()
        scene.charts[key] = chart
    return chart


def _draw_counts(window: Window) -> None:
    names = words().common.emotions
    counts = {**(window.counts or {}), UNCERTAIN: window.uncertain or 0}
    for category in CATEGORIES:
        none = "" if counts[category] else "-none"
        with st.container(key=f"emotion-{category}{none}"):
            st.metric(names[category], counts[category])


def _change(scene: Scene) -> str:
    """One calm sentence."""
    texts = words()
    found = change.compare(scene.recent, scene.end)
    if found is None:
        return texts.live.change["too_early"].format(minutes=change.MINUTES_AGO)
    subject = "people" if found.category is None else "emotion"
    direction = "more" if found.now > found.before else "fewer"
    sentence = texts.live.change[f"{direction}_{subject}" if found.notable else "same"]
    return sentence.format(
        minutes=change.MINUTES_AGO,
        now=round(found.now),
        before=round(found.before),
        emotion=texts.common.emotions[found.category] if found.category else "",
    )


def _explanation(scene: Scene) -> tuple[str, str]:
    texts = words().live
    if scene.kind == "suppressed":
        return texts.hidden(scene.min_faces)
    title, advice = {
        "no_recorder": texts.no_recorder,
        "no_broker": texts.no_broker,
        "paused": texts.paused,
        "offline": texts.offline,
        "stale": texts.stale,
        "waiting": texts.waiting,
    }[scene.kind]
    reason = scene.reason if scene.kind in ("paused", "offline") else None
    return title, advice if reason is None else texts.by_reason.get(reason, advice)


def _right_edge(newest: Window | None, length: timedelta, now: datetime) -> datetime:
    """Where the chart ends: moves once a window, so that it is not redrawn each second."""
    if newest is not None and now - newest.ended_at < 2 * length:
        return newest.ended_at
    step = length.total_seconds()
    return datetime.fromtimestamp(now.timestamp() // step * step, timezone.utc)
