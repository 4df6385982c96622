"""Draws how good the networks are: a bar a share, with its interval as a line."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import altair as alt

from dashboard import card_figures
from dashboard.card_figures import Figures, Measured
from dashboard.style import COLOURS, Palette
from dashboard.texts import Texts
from edge_agent.emotions import EMOTIONS

Specification = dict[str, Any]
_PLAIN = "#0072B2"


@dataclass(frozen=True)
class Charts:
    """A chart of each of the `Figures`, as Vega-Lite specifications."""

    found: Specification
    meant: Specification
    confusion: Specification
    by_size: Specification
    faces: Specification


@cache
def released(texts: Texts, palette: Palette, classifier: str = card_figures.USUAL) -> Charts:
    """Those of released networks; drawn once, for Altair takes its time."""
    figures, words = card_figures.released(classifier), texts.about
    emotion = texts.common.emotions
    return Charts(
        found=_bars(figures.found, emotion.__getitem__, words.found_axis, palette),
        meant=_bars(figures.meant, emotion.__getitem__, words.meant_axis, palette),
        confusion=_confusion(figures, texts, palette),
        by_size=_bars(figures.by_size, words.size, words.by_size_axis, palette),
        faces=_bars(figures.faces, words.least_size, words.faces_axis, palette),
    )


def _bars(
    measured: Sequence[Measured],
    name_of: Callable[[str], str],
    axis: str,
    palette: Palette,
) -> Specification:
    """Horizontal bars from 0 to 100 %, each with its figure and its interval.

    Args:
        name_of: the word for what was measured.
        axis: what the shares are of.
    """
    rows = [
        {
            "name": name_of(one.name),
            "share": one.share,
            "low": one.low,
            "high": one.high,
            "words": f"{100 * one.share:.0f} %",
            "colour": COLOURS.get(one.name, _PLAIN),
        }
        for one in measured
    ]
    order = [name_of(one.name) for one in measured]
    y = alt.Y("name:N", sort=order, title=None)
    scale = alt.Scale(domain=[0, 1.15])  # room for the last words
    form = alt.Axis(format="%", title=axis, values=[0, 0.25, 0.5, 0.75, 1])
    base = alt.Chart(alt.InlineData(rows))
    drawn = base.mark_bar(stroke=palette.line, height=22).encode(
        y=y,
        x=alt.X("share:Q", scale=scale, axis=form),
        color=alt.Color("colour:N", scale=None),
        tooltip=[
            alt.Tooltip("name:N", title=axis),
            alt.Tooltip("share:Q", format=".1%"),
            alt.Tooltip("low:Q", format=".1%"),
            alt.Tooltip("high:Q", format=".1%"),
        ],
    )
    interval = base.mark_rule(color=palette.ink, strokeWidth=3).encode(y=y, x="low:Q", x2="high:Q")
    words = base.mark_text(align="left", dx=8, fontSize=15, color=palette.ink).encode(
        y=y, x="high:Q", text="words:N"
    )
    return _styled(alt.layer(drawn, interval, words), 40 * len(rows) + 20, palette)


def _confusion(figures: Figures, texts: Texts, palette: Palette) -> Specification:
    """What faces of each emotion were called, as a grid of shares."""
    names = texts.common.emotions
    rows = [
        {
            "true": names[true],
            "called": names[called],
            "share": share,
            "words": f"{100 * share:.0f}",
            "ink": "#FFFFFF" if share > 0.45 else "#1A1C24",
        }
        for true, row in figures.confusion.items()
        for called, share in row.items()
    ]
    order = [names[emotion] for emotion in EMOTIONS]
    base = alt.Chart(alt.InlineData(rows)).encode(
        x=alt.X(
            "called:N",
            sort=order,
            title=texts.about.called,
            axis=alt.Axis(orient="top", labelAngle=-35),
        ),
        y=alt.Y("true:N", sort=order, title=texts.about.labelled),
    )
    cells = base.mark_rect(stroke=palette.ground).encode(
        color=alt.Color(
            "share:Q", scale=alt.Scale(domain=[0, 1], range=["#F1F5FA", "#0B3C6F"]), legend=None
        )
    )
    words = base.mark_text(fontSize=15).encode(text="words:N", color=alt.Color("ink:N", scale=None))
    return _styled(alt.layer(cells, words).resolve_scale(color="independent"), 400, palette)


def _styled(chart: alt.LayerChart | alt.FacetChart, height: int, palette: Palette) -> Specification:
    """The chart in the page's colours, as wide as its place."""
    styled = (
        chart.properties(height=height, width="container")
        .configure_axis(
            labelFontSize=15,
            titleFontSize=15,
            labelColor=palette.ink,
            titleColor=palette.ink,
            gridColor=palette.faint,
            labelLimit=200,
        )
        .configure_view(stroke=None)
        .configure(background=palette.ground)
    )
    drawn: Specification = styled.to_dict()
    return drawn
