"""The page about what the figures mean, how often they are right, and what they never say."""

from collections.abc import Callable, Sequence
from contextlib import suppress

import streamlit as st

from dashboard import access, card_figures, figure_charts, language, rooms, style
from dashboard.card_figures import Measured
from dashboard.figure_charts import Specification
from dashboard.store import StoreError


def _points(heading: str, points: Sequence[str]) -> None:
    st.subheader(heading, anchor=False)
    st.markdown("\n".join(f"- {point}" for point in points))


def _figure(
    says: str, chart: Specification, measured: Sequence[Measured], name_of: Callable[[str], str]
) -> None:
    """A sentence, its chart, and the same in words for whoever cannot see it."""
    st.markdown(says)
    _draw(chart)
    words = language.words().about
    with st.expander(words.as_table):
        headings = words.columns
        st.table(
            {
                headings["what"]: [name_of(one.name) for one in measured],
                headings["share"]: [_percent(one.share) for one in measured],
                headings["low"]: [_percent(one.low) for one in measured],
                headings["high"]: [_percent(one.high) for one in measured],
                headings["of"]: [str(one.of) for one in measured],
            }
        )


def _draw(chart: Specification) -> None:
    st.vega_lite_chart(chart, width="stretch", theme=None)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _classifier() -> str:
    """The one of the devices; where they use several, whoever looks chooses."""
    names: tuple[str, ...] = (card_figures.USUAL,)
    # The page explains, and does so without a store as well.
    with suppress(StoreError):
        known = access.allowed_rooms(rooms.watch().rooms())
        names = card_figures.in_use(room.status for room in known)
    if len(names) == 1:
        return names[0]
    words = language.words().about
    chosen: str = st.selectbox(
        words.network,
        names,
        # A school's own network has no name but its file's.
        format_func=lambda name: words.networks.get(name, name),
        key="network",
        width=340,
    )
    return chosen


def main() -> None:
    """Draws the page."""
    texts = language.words()
    words, emotion = texts.about, texts.common.emotions.__getitem__
    st.title(words.heading, anchor=False)
    _points(words.meaning_heading, words.meaning)
    _points(words.never_heading, words.never)

    st.subheader(words.right_heading, anchor=False)
    classifier = _classifier()
    figures = card_figures.released(classifier)
    charts = figure_charts.released(texts, style.palette(), classifier)
    overall = figures.emotion
    percents = map(_percent, (overall.share, overall.low, overall.high))
    shown = dict(zip(("share", "low", "high"), percents, strict=True))
    wrong = round(100 * (1 - overall.share))
    says = words.overall_majority if figures.by_majority else words.overall
    st.markdown(says.format(of=overall.of, wrong=wrong, **shown))
    st.caption(words.interval)
    left, right = st.columns(2)
    with left:
        _figure(words.found, charts.found, figures.found, emotion)
    with right:
        _figure(words.meant, charts.meant, figures.meant, emotion)
    st.markdown(words.confusion)
    _draw(charts.confusion)
    left, right = st.columns(2)
    with left:
        _figure(words.by_size, charts.by_size, figures.by_size, words.size)
    with right:
        _figure(words.faces, charts.faces, figures.faces, words.least_size)
    st.caption(f"{words.measured_on}: {'; '.join(figures.data)}.")

    _points(words.privacy_heading, words.privacy)
    _points(words.law_heading, words.law)
    st.caption(words.more)


main()
