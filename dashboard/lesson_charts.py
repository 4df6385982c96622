"""Draws a lesson: its minutes with marks and gaps, its shares with ranges, and others beside it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from functools import cache
from typing import Any, Final

import altair as alt

from dashboard import report
from dashboard.history import CATEGORIES, Stretch
from dashboard.lesson_words import share_words
from dashboard.records import Totals
from dashboard.report import Report
from dashboard.style import COLOURS, Palette, stripes
from dashboard.texts import Texts

TIMELINE_PX: Final = 300
_ROW_PX: Final = 46
_FONT_PX: Final = 16
_LABEL_PX: Final = 14
_LABELLED_SHARE: Final = 0.12
"""Shorter stretches, as a part of the whole, have no room for words."""
_LEAST_TOP: Final = 5
"""The axis of people reaches at least so far, and the one of shares to `_LEAST_SHARE`."""
_LEAST_SHARE: Final = 0.25

Specification = dict[str, Any]


def timeline(lesson: Report, zone: tzinfo | None, texts: Texts, palette: Palette) -> Specification:
    """Stacked bars of people by emotion, with marks, hidden stretches striped and gaps empty."""
    start, end = lesson.period.start, lesson.until
    hidden = _rows(lesson.hidden, zone, texts.live.hidden_band)
    missing = _rows(lesson.missing, zone, texts.live.gap_band)
    least = _LABELLED_SHARE * 1000 * (end - start).total_seconds()
    datasets = {
        "bounds": [{"at": _wall(moment, zone), "people": _LEAST_TOP} for moment in (start, end)],
        "hidden": hidden,
        "missing": missing,
        "people": [
            {
                "from": _wall(bar.start, zone),
                "to": _wall(bar.end, zone),
                "when": f"{bar.start.astimezone(zone):%H:%M}",
                "emotion": texts.common.emotions[bar.category],
                "people": round(bar.people, 1),
                "below": bar.below,
                "above": bar.above,
            }
            for bar in report.bins(lesson)
        ],
        "words": [
            {"at": (row["from"] + row["to"]) / 2, "words": row["words"]}
            for row in (*hidden, *missing)
            if row["to"] - row["from"] >= least
        ],
        "marks": [
            {"at": _wall(mark.at, zone), "number": str(number), "text": mark.text}
            for number, mark in enumerate(lesson.marks, start=1)
        ],
    }
    return {**_timeline(texts, palette), "datasets": datasets}


def shares(lesson: Report, texts: Texts, palette: Palette) -> Specification:
    """A bar for each category's share, with the range in which it probably lies."""
    counted = report.shares(lesson.totals) or {}
    rows: list[dict[str, Any]] = []
    for category in CATEGORIES:
        known, share = (lesson.ranges or {}).get(category), counted.get(category, 0.0)
        name = texts.common.emotions[category]
        rows.append(
            {
                "label": f"{name}|{share_words(share, known, texts)}",
                "category": category,
                "share": share,
                "low": known.low if known else share,
                "high": known.high if known else share,
            }
        )
    return {**_shares(palette), "datasets": {"shares": rows}}


def comparison(
    lessons: Sequence[tuple[str, Totals]], texts: Texts, palette: Palette
) -> Specification:
    """A row a lesson: its shares, stacked to the whole, and the people on average.

    Args:
        lessons: a name and the totals, this lesson first.
    """
    rows: list[dict[str, Any]] = []
    for name, totals in lessons:
        found, below = report.shares(totals), 0.0
        people = report.average_people(totals)
        about = texts.lesson.no_numbers
        if people is not None:
            about = texts.lesson.people_on_average.format(people=round(people))
        # A lesson without numbers keeps its row, empty.
        for category, share in (found or {CATEGORIES[0]: 0.0}).items():
            rows.append(
                {
                    "label": f"{name}|{about}",
                    "emotion": texts.common.emotions[category],
                    "share": share,
                    "below": below,
                    "above": below + share,
                }
            )
            below += share
    drawing = {**_comparison(texts, palette), "datasets": {"lessons": rows}}
    return {**drawing, "height": _ROW_PX * len(lessons)}


def prepare(texts: Texts, palette: Palette) -> None:
    """Draws all but the data, which takes longest, before somebody waits for it."""
    _timeline(texts, palette)
    _shares(palette)
    _comparison(texts, palette)


# What follows is drawn once: Altair takes its time, and only the data change.


@cache
def _timeline(texts: Texts, palette: Palette) -> Specification:
    time_axis = alt.Axis(
        title=None,
        format="%H:%M",
        # A short lesson has ticks within a minute, which would all be called the same.
        labelExpr="utcseconds(datum.value) == 0 ? datum.label : ''",
        grid=False,
        tickCount=8,
        labelFlush=True,
    )
    time = alt.Scale(type="utc", nice=False, zero=False)
    x, at = alt.X("from:T", axis=time_axis, scale=time), alt.X("at:T", axis=time_axis, scale=time)
    people_axis = alt.Axis(title=texts.common.people, tickMinStep=1, format="d", tickCount=5)
    tooltip = [
        alt.Tooltip("emotion:N", title=texts.common.emotion),
        alt.Tooltip("people:Q", title=texts.common.people),
        alt.Tooltip("when:N", title=texts.live.when),
    ]
    mark_tooltip = alt.Tooltip("text:N", title=texts.lesson.mark)
    marks, top = alt.Chart(alt.NamedData("marks")), alt.value(0)
    layers = [
        alt.Chart(alt.NamedData("bounds")).mark_point(opacity=0).encode(x=at, y="people:Q"),
        alt.Chart(alt.NamedData("hidden"))
        .mark_rect(color=stripes(palette))
        .encode(x=x, x2="to:T", tooltip=alt.Tooltip("words:N", title=texts.common.people)),
        alt.Chart(alt.NamedData("missing"))
        .mark_rule(color=palette.line, strokeWidth=2, strokeDash=[2, 6])
        .encode(x=x, x2="to:T", y=alt.datum(0)),
        alt.Chart(alt.NamedData("people"))
        .mark_rect(stroke=palette.ground, strokeWidth=0.7)
        .encode(
            x=x,
            x2="to:T",
            y=alt.Y("below:Q", axis=people_axis, scale=alt.Scale(zero=True, nice=True)),
            y2="above:Q",
            color=alt.Color("emotion:N", scale=_colours(texts.common.emotions), legend=None),
            tooltip=tooltip,
        ),
        alt.Chart(alt.NamedData("words"))
        .mark_text(
            fontSize=_FONT_PX,
            fontWeight="bold",
            color=palette.ink,
            baseline="top",
            lineBreak=" ",
        )
        .encode(x=at, y=alt.value(30), text="words:N"),
        marks.mark_rule(color=palette.ink, strokeWidth=2).encode(x=at, tooltip=mark_tooltip),
        marks.mark_point(size=520, filled=True, color=palette.ink, opacity=1).encode(
            x=at, y=top, tooltip=mark_tooltip
        ),
        marks.mark_text(color=palette.ground, fontWeight="bold", fontSize=14).encode(
            x=at, y=top, text="number:N"
        ),
    ]
    return _finished(alt.layer(*layers).properties(height=TIMELINE_PX), palette)


@cache
def _shares(palette: Palette) -> Specification:
    y = alt.Y("label:N", sort=None, title=None, axis=_two_lines())
    axis = alt.Axis(format=".0%", tickCount=5, grid=True)
    x = alt.X("share:Q", title=None, scale=alt.Scale(zero=True, nice=True), axis=axis)
    base = alt.Chart(alt.NamedData("shares"))
    ranged = base.transform_filter("datum.high > datum.low")
    known = alt.Scale(domain=list(CATEGORIES), range=[COLOURS[c] for c in CATEGORIES])
    layers = [
        alt.Chart(alt.InlineData([{}])).mark_point(opacity=0).encode(x=alt.datum(_LEAST_SHARE)),
        base.mark_bar(height=26, stroke=palette.line, strokeWidth=1).encode(
            y=y, x=x, color=alt.Color("category:N", scale=known, legend=None)
        ),
        # Light under dark: seen on every bar.
        ranged.mark_rule(color=palette.ground, strokeWidth=7).encode(y=y, x="low:Q", x2="high:Q"),
        ranged.mark_rule(color=palette.ink, strokeWidth=3).encode(y=y, x="low:Q", x2="high:Q"),
        *(
            ranged.mark_tick(color=palette.ink, thickness=3, size=16).encode(y=y, x=f"{edge}:Q")
            for edge in ("low", "high")
        ),
    ]
    return _finished(alt.layer(*layers).properties(height=_ROW_PX * len(CATEGORIES)), palette)


@cache
def _comparison(texts: Texts, palette: Palette) -> Specification:
    y = alt.Y("label:N", sort=None, title=None, axis=_two_lines())
    axis = alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1], grid=False)
    bars = (
        alt.Chart(alt.NamedData("lessons"))
        .mark_bar(height=26, stroke=palette.ground, strokeWidth=1)
        .encode(
            y=y,
            x=alt.X("below:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=axis),
            x2="above:Q",
            color=alt.Color("emotion:N", scale=_colours(texts.common.emotions), legend=None),
            tooltip=[
                alt.Tooltip("emotion:N", title=texts.common.emotion),
                alt.Tooltip("share:Q", title=texts.lesson.share, format=".0%"),
            ],
        )
    )
    return _finished(alt.layer(bars), palette)


def _colours(names: Mapping[str, str]) -> alt.Scale:
    return alt.Scale(domain=[names[c] for c in CATEGORIES], range=[COLOURS[c] for c in CATEGORIES])


def _two_lines() -> alt.Axis:
    """Labels of two lines, divided by a bar, which leave a phone room for the chart."""
    return alt.Axis(
        labelExpr="split(datum.label, '|')",
        labelFontSize=_LABEL_PX,
        labelLineHeight=18,
        labelLimit=220,
        labelOffset=-8,
        ticks=False,
        domain=False,
    )


def _finished(drawing: alt.LayerChart | alt.FacetChart, palette: Palette) -> Specification:
    ink = palette.ink
    chart = (
        drawing.properties(width="container", background="transparent")
        .configure_axis(
            labelFontSize=_FONT_PX,
            titleFontSize=_FONT_PX,
            labelColor=ink,
            titleColor=ink,
            domainColor=palette.line,
            tickColor=palette.line,
            gridColor=palette.faint,
        )
        .configure_view(stroke=None)
    )
    found: Specification = chart.to_dict()
    return found


def _rows(stretches: Sequence[Stretch], zone: tzinfo | None, words: str) -> list[dict[str, Any]]:
    return [
        {"from": _wall(s.started_at, zone), "to": _wall(s.ended_at, zone), "words": words}
        for s in stretches
    ]


def _wall(moment: datetime, zone: tzinfo | None) -> int:
    """What the wall's clock shows, as if it were UTC: Vega then shows the same everywhere."""
    wall = moment.astimezone(zone)
    offset = wall.utcoffset()
    assert offset is not None
    return round(1000 * (moment.timestamp() + offset.total_seconds()))
