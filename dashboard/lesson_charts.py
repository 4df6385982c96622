"""Draws a lesson: its minutes with marks and gaps, its shares with ranges, and others beside it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final

import altair as alt

from dashboard import report
from dashboard.history import CATEGORIES, Stretch
from dashboard.lesson_words import share_words
from dashboard.report import Report
from dashboard.style import COLOURS, Palette, stripes
from dashboard.texts import Texts

TIMELINE_PX: Final = 300
_ROW_PX: Final = 46
_FONT_PX: Final = 16
_LABELLED_SHARE: Final = 0.08
"""Shorter stretches, as a part of the whole, have no room for words."""


def timeline(lesson: Report, zone: tzinfo | None, texts: Texts, palette: Palette) -> dict[str, Any]:
    """Stacked bars of people by emotion, with marks, hidden stretches striped and gaps empty."""
    start, end = lesson.period.start, lesson.period.end
    axis = alt.Axis(title=None, format="%H:%M", grid=False, tickCount=8, labelFlush=True)
    scale = alt.Scale(domain=[_wall(start, zone), _wall(end, zone)], type="utc")
    x = alt.X("from:T", axis=axis, scale=scale)
    names = texts.common.emotions
    people = [
        {
            "from": _wall(bar.start, zone),
            "to": _wall(bar.end, zone),
            "when": f"{bar.start.astimezone(zone):%H:%M}",
            "emotion": names[bar.category],
            "people": round(bar.people, 1),
            "below": bar.below,
            "above": bar.above,
        }
        for bar in report.bins(lesson)
    ]
    hidden = _rows(lesson.hidden, zone, texts.live.hidden_band)
    empty = _rows(lesson.missing, zone, texts.live.gap_band)
    whole = (end - start).total_seconds()
    words = [
        {"at": _wall(s.started_at + (s.ended_at - s.started_at) / 2, zone), "words": word}
        for stretches, word in (
            (lesson.hidden, texts.live.hidden_band),
            (lesson.missing, texts.live.gap_band),
        )
        for s in stretches
        if (s.ended_at - s.started_at).total_seconds() >= _LABELLED_SHARE * whole
    ]
    marks = [
        {"at": _wall(mark.at, zone), "number": str(number), "text": mark.text}
        for number, mark in enumerate(lesson.marks, start=1)
    ]
    y_axis = alt.Axis(title=texts.common.people, tickMinStep=1, format="d", tickCount=5)
    colour = alt.Color(
        "emotion:N",
        scale=alt.Scale(
            domain=[names[c] for c in CATEGORIES], range=[COLOURS[c] for c in CATEGORIES]
        ),
        legend=None,
    )
    tooltip = [
        alt.Tooltip("emotion:N", title=texts.common.emotion),
        alt.Tooltip("people:Q", title=texts.common.people),
        alt.Tooltip("when:N", title=texts.live.when),
    ]
    at_top = alt.value(0)
    layers = [
        alt.Chart(_data(hidden))
        .mark_rect(color=stripes(palette))
        .encode(x=x, x2="to:T", tooltip=alt.Tooltip("words:N", title=texts.common.people)),
        alt.Chart(_data(empty))
        .mark_rule(color=palette.line, strokeWidth=2, strokeDash=[2, 6])
        .encode(x=x, x2="to:T", y=alt.datum(0)),
        alt.Chart(_data(people))
        .mark_rect(stroke=palette.ground, strokeWidth=0.7)
        .encode(
            x=x,
            x2="to:T",
            y=alt.Y("below:Q", axis=y_axis, scale=alt.Scale(zero=True, nice=True)),
            y2="above:Q",
            color=colour,
            tooltip=tooltip,
        ),
        alt.Chart(alt.InlineData([{}])).mark_point(opacity=0).encode(y=alt.datum(5)),
        alt.Chart(_data(words))
        .mark_text(
            fontSize=_FONT_PX,
            fontWeight="bold",
            color=palette.ink,
            baseline="top",
            lineBreak=" ",
        )
        .encode(x=alt.X("at:T"), y=alt.value(30), text="words:N"),
        alt.Chart(_data(marks))
        .mark_rule(color=palette.ink, strokeWidth=2)
        .encode(x=alt.X("at:T"), tooltip=alt.Tooltip("text:N", title=texts.lesson.mark)),
        alt.Chart(_data(marks))
        .mark_point(shape="circle", size=520, filled=True, color=palette.ink, opacity=1)
        .encode(x=alt.X("at:T"), y=at_top, tooltip=alt.Tooltip("text:N", title=texts.lesson.mark)),
        alt.Chart(_data(marks))
        .mark_text(color=palette.ground, fontWeight="bold", fontSize=14)
        .encode(x=alt.X("at:T"), y=at_top, text="number:N"),
    ]
    return _finished(alt.layer(*layers).properties(height=TIMELINE_PX), palette)


def shares(lesson: Report, texts: Texts, palette: Palette) -> dict[str, Any]:
    """A bar for each category's share, with the range in which it probably lies."""
    names, counted = texts.common.emotions, report.shares(lesson.totals) or {}
    rows: list[dict[str, Any]] = []
    for category in CATEGORIES:
        known = (lesson.ranges or {}).get(category)
        share = counted.get(category, 0.0)
        low, high = (known.low, known.high) if known else (share, share)
        rows.append(
            {
                "name": names[category],
                "share": share,
                "low": low,
                "high": high,
                "label": share_words(share, known, texts),
                "edge": max(share, high),
            }
        )
    top = min(1.0, max(row["edge"] for row in rows) * 1.45 + 0.05)
    order = [names[category] for category in CATEGORIES]
    y = alt.Y("name:N", sort=order, title=None, axis=_names_axis())
    x = alt.X(
        "share:Q",
        title=None,
        scale=alt.Scale(domain=[0, top], nice=False),
        axis=alt.Axis(format=".0%", tickCount=5, grid=True, gridColor=palette.faint),
    )
    base = alt.Chart(_data(rows))
    layers = [
        base.mark_bar(height=26, stroke=palette.line, strokeWidth=1).encode(
            y=y,
            x=x,
            color=alt.Color(
                "name:N",
                scale=_colours(names),
                legend=None,
            ),
        ),
        base.transform_filter("datum.high > datum.low")
        .mark_rule(color=palette.ink, strokeWidth=3)
        .encode(y=y, x="low:Q", x2="high:Q"),
        *(
            base.transform_filter("datum.high > datum.low")
            .mark_tick(color=palette.ink, thickness=3, size=16)
            .encode(y=y, x=f"{edge}:Q")
            for edge in ("low", "high")
        ),
        base.mark_text(align="left", dx=10, fontSize=_FONT_PX, color=palette.ink).encode(
            y=y, x="edge:Q", text="label:N"
        ),
    ]
    drawing = alt.layer(*layers).properties(height=_ROW_PX * len(rows))
    return _finished(drawing, palette)


def comparison(
    lessons: Sequence[tuple[str, report.Totals]], texts: Texts, palette: Palette
) -> dict[str, Any]:
    """A row a lesson: its shares, stacked to the whole, with the people on average beside.

    Args:
        lessons: a name and the totals, this lesson first.
    """
    rows, ends = [], []
    for name, totals in lessons:
        found, below = report.shares(totals), 0.0
        people = report.average_people(totals)
        ends.append(
            {
                "lesson": name,
                "at": 1.0,
                "people": texts.lesson.no_numbers
                if people is None
                else texts.lesson.people_on_average.format(people=round(people)),
            }
        )
        for category in CATEGORIES if found else ():
            share = (found or {})[category]
            if share:
                rows.append(
                    {
                        "lesson": name,
                        "emotion": texts.common.emotions[category],
                        "share": share,
                        "below": below,
                        "above": below + share,
                    }
                )
                below += share
    order = [name for name, _ in lessons]
    y = alt.Y("lesson:N", sort=order, title=None, axis=_names_axis())
    x_axis = alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1], grid=False)
    x = alt.X("below:Q", title=None, scale=alt.Scale(domain=[0, 1.22]), axis=x_axis)
    names = texts.common.emotions
    layers = [
        alt.Chart(_data(rows))
        .mark_bar(height=26, stroke=palette.ground, strokeWidth=1)
        .encode(
            y=y,
            x=x,
            x2="above:Q",
            color=alt.Color(
                "emotion:N",
                scale=_colours(names),
                legend=None,
            ),
            tooltip=[
                alt.Tooltip("emotion:N", title=texts.common.emotion),
                alt.Tooltip("share:Q", title=texts.lesson.share, format=".0%"),
            ],
        ),
        alt.Chart(_data(ends))
        .mark_text(align="left", dx=10, fontSize=_FONT_PX, color=palette.ink)
        .encode(y=y, x="at:Q", text="people:N"),
    ]
    drawing = alt.layer(*layers).properties(height=_ROW_PX * max(1, len(lessons)))
    return _finished(drawing, palette)


def _colours(names: Mapping[str, str]) -> alt.Scale:
    return alt.Scale(domain=[names[c] for c in CATEGORIES], range=[COLOURS[c] for c in CATEGORIES])


def _names_axis() -> alt.Axis:
    return alt.Axis(labelFontSize=_FONT_PX, labelLimit=260, ticks=False, domain=False)


def _finished(drawing: alt.LayerChart | alt.FacetChart, palette: Palette) -> dict[str, Any]:
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
    found: dict[str, Any] = chart.to_dict()
    return found


def _data(rows: list[dict[str, Any]]) -> alt.InlineData:
    return alt.InlineData(rows)


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
