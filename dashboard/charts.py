"""Draws a room's last minutes: people by emotion, hidden stretches striped, gaps left empty."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

import altair as alt

from dashboard import history
from dashboard.history import CATEGORIES, Share, Stretch
from dashboard.records import Window
from dashboard.style import COLOURS, Palette, stripes
from dashboard.texts import Texts

SPAN: Final = timedelta(minutes=5)
"""How far back the chart reaches."""
HEIGHT_PX: Final = 260
_LABELLED_SECONDS: Final = 40
"""Shorter stretches have no room for words, and those below `_ONE_LINE_SECONDS` not on one line."""
_ONE_LINE_SECONDS: Final = 150
_LEAST_TOP: Final = 5
"""The axis of people reaches at least so far."""


def recent_people(
    windows: Sequence[Window],
    end: datetime,
    window_length: timedelta,
    texts: Texts,
    palette: Palette,
) -> dict[str, Any]:
    """Stacked bars of people by emotion over the last minutes, as a Vega-Lite specification.

    Only its ``datasets`` change from call to call, so that a browser redraws no more.

    Args:
        windows: of one room, the oldest first.
        end: the right edge, "now" on the axis.
        window_length: of the room; a hole of more than half as much is a gap.
        texts, palette: the words and colours to draw with.
    """
    start, slack = end - SPAN, window_length / 2
    windows = [w for w in windows if w.ended_at > start and w.started_at < end]
    hidden = _rows(history.hidden(windows, slack), end, words=texts.live.hidden_band)
    empty = _rows(history.gaps(windows, start, end, slack), end, words=texts.live.gap_band)
    datasets = {
        "people": [_share_row(share, end, texts) for share in history.shares(windows)],
        "hidden": hidden,
        "counted": _rows(history.counted(windows, slack), end),
        "words": [
            {
                "at": (row["from"] + row["to"]) / 2,
                "words": row["words"]
                if row["to"] - row["from"] < _ONE_LINE_SECONDS
                else row["words"].replace(" ", "\N{NO-BREAK SPACE}"),
            }
            for row in (*hidden, *empty)
            if row["to"] - row["from"] >= _LABELLED_SECONDS
        ],
    }
    return {**_drawing(texts, palette), "datasets": datasets}


def prepare(texts: Texts, palette: Palette) -> None:
    """Draws all but the data, which takes longest, before somebody waits for it."""
    _drawing(texts, palette)


@cache
def _drawing(texts: Texts, palette: Palette) -> dict[str, Any]:
    """The chart without its data; built once, for Altair takes its time."""
    x = alt.X("from:Q", axis=_minutes(texts), scale=alt.Scale(domain=[-SPAN.total_seconds(), 0]))
    tooltip = [
        alt.Tooltip("emotion:N", title=texts.common.emotion),
        alt.Tooltip("people:Q", title=texts.common.people),
        alt.Tooltip("when:N", title=texts.live.when),
    ]
    band = (
        alt.Chart(alt.NamedData("hidden"))
        .mark_rect(color=stripes(palette))
        .encode(x=x, x2="to:Q", tooltip=alt.Tooltip("words:N", title=texts.common.people))
    )
    bars = (
        alt.Chart(alt.NamedData("people"))
        .mark_rect(stroke=palette.ground, strokeWidth=1)
        .encode(
            x=x,
            x2="to:Q",
            y=_people(texts),
            y2="above:Q",
            color=_colour(texts),
            tooltip=tooltip,
        )
    )
    # A line along the bottom wherever numbers arrived, so that nobody in view is not a gap.
    floor = (
        alt.Chart(alt.NamedData("counted"))
        .mark_rule(color=palette.ink, strokeWidth=3)
        .encode(x=x, x2="to:Q", y=alt.datum(0))
    )
    least_top = (
        alt.Chart(alt.InlineData([{}])).mark_point(opacity=0).encode(y=alt.datum(_LEAST_TOP))
    )
    words = (
        alt.Chart(alt.NamedData("words"))
        .mark_text(fontSize=17, fontWeight="bold", color=palette.ink, baseline="top", lineBreak=" ")
        .encode(x=alt.X("at:Q"), y=alt.value(12), text="words:N")
    )
    chart = (
        alt.layer(band, bars, floor, least_top, words)
        .properties(height=HEIGHT_PX, width="container", background="transparent")
        .configure_axis(
            labelFontSize=17, titleFontSize=17, labelColor=palette.ink, titleColor=palette.ink
        )
        .configure_view(stroke=None)
    )
    drawing: dict[str, Any] = chart.to_dict()
    return drawing


def _people(texts: Texts) -> alt.Y:
    axis = alt.Axis(title=texts.common.people, tickMinStep=1, format="d", tickCount=5)
    return alt.Y("below:Q", axis=axis, scale=alt.Scale(zero=True, nice=True))


def _minutes(texts: Texts) -> alt.Axis:
    label = (
        f"datum.value == 0 ? '{texts.live.now}' : -datum.value / 60 + ' {texts.live.minutes_ago}'"
    )
    ticks = list(range(-int(SPAN.total_seconds()), 1, 60))
    return alt.Axis(title=None, values=ticks, labelExpr=label, grid=False, labelFlush=True)


def _colour(texts: Texts) -> alt.Color:
    names = [texts.common.emotions[category] for category in CATEGORIES]
    colours = [COLOURS[category] for category in CATEGORIES]
    return alt.Color("emotion:N", scale=alt.Scale(domain=names, range=colours), legend=None)


def _share_row(share: Share, end: datetime, texts: Texts) -> dict[str, Any]:
    return {
        **_edges(share.started_at, share.ended_at, end),
        "emotion": texts.common.emotions[share.category],
        "people": share.people,
        "below": share.below,
        "above": share.above,
        "when": texts.common.age(end - share.ended_at),
    }


def _rows(stretches: Iterable[Stretch], end: datetime, **more: str) -> list[dict[str, Any]]:
    return [{**_edges(s.started_at, s.ended_at, end), **more} for s in stretches]


def _edges(started_at: datetime, ended_at: datetime, end: datetime) -> dict[str, Any]:
    """A stretch in seconds before the right edge, cut to the chart."""
    return {
        "from": (max(started_at, end - SPAN) - end).total_seconds(),
        "to": (min(ended_at, end) - end).total_seconds(),
    }
