"""Colours and sizes of the pages: legible from the back row, also for colour-blind eyes."""

from dataclasses import dataclass
from typing import Final

import altair as alt
import streamlit as st

from dashboard.history import UNCERTAIN
from dashboard.texts import Texts

# Okabe and Ito's palette, which people with a colour vision deficiency can tell apart.
COLOURS: Final[dict[str, str]] = {
    "angry": "#D55E00",
    "disgusted": "#009E73",
    "fearful": "#CC79A7",
    "happy": "#F0E442",
    "neutral": "#56B4E9",
    "sad": "#0072B2",
    "surprised": "#E69F00",
    UNCERTAIN: "#999999",
}
"""Emotion, or uncertain → its colour."""


@dataclass(frozen=True)
class Palette:
    """Colours of one theme.

    Attributes:
        ground: of the page.
        ink: of text, 7:1 and more on all others but ``faint``.
        soft: of text that may be overlooked, 4.5:1 and more.
        pale: of tiles.
        faint: of stripes and lines.
        warm: of notices.
        accent: of what can be clicked, 4.5:1 and more.
        line: of edges that must be seen, 3:1 and more.
    """

    ground: str
    ink: str
    soft: str
    pale: str
    faint: str
    warm: str
    line: str
    accent: str


LIGHT: Final = Palette(
    "#FFFFFF", "#1A1C24", "#3D4251", "#F4F5F8", "#D9DCE3", "#FFF3D6", "#767B8A", "#00588F"
)
DARK: Final = Palette(
    "#14161B", "#FAFAFA", "#C6CBD8", "#23262E", "#3A4050", "#40341A", "#8A90A0", "#7CC4F0"
)


def theme_flags() -> list[str]:
    """Streamlit's options that give its own parts these colours."""
    return [
        f"--theme.{name}.{option}={colour}"
        for name, colours in (("light", LIGHT), ("dark", DARK))
        for option, colour in (
            ("backgroundColor", colours.ground),
            ("secondaryBackgroundColor", colours.pale),
            ("textColor", colours.ink),
            ("primaryColor", colours.accent),
            ("linkColor", colours.accent),
        )
    ]


def palette() -> Palette:
    """The colours of the theme that this session's browser shows."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def stripes(palette: Palette, count: int = 12) -> alt.LinearGradient:
    """Hard-edged horizontal stripes: a hatch that does not depend on colour."""
    stops = [
        alt.GradientStop(
            color=palette.faint if index % 2 else palette.pale, offset=edge / (2 * count)
        )
        for index in range(2 * count)
        for edge in (index, index + 1)
    ]
    return alt.LinearGradient(gradient="linear", stops=stops, x1=0, x2=0, y1=0, y2=1)


def draw_legend(texts: Texts) -> None:
    """Each category's colour and word, in as many lines as the page needs."""
    names = texts.common.emotions
    entries = "".join(
        f'<span><i style="background:{colour}"></i>{names[category]}</span>'
        for category, colour in COLOURS.items()
    )
    st.html(f'<div class="legend">{entries}</div>')


_TILE: Final = """
[class*="st-key-emotion-{category}"] {{ border-left: 0.9rem solid {colour}; }}
"""

_CSS: Final = """
.block-container { max-width: 84rem; padding: 4.2rem 2rem 1rem; }
[data-testid="stElementContainer"] { opacity: 1 !important; transition: none !important; }
.st-key-header { margin-bottom: 0.6rem; }
.st-key-header [data-baseweb="select"], .st-key-header input { font-size: 1.35rem; }
.st-key-device-state p, .st-key-data-age p, .st-key-header button p { font-size: 1.35rem; }
.st-key-device-state .stMarkdownBadge { font-size: 1.35rem !important; padding: 0.3rem 0.7rem; }
.st-key-command-outcome p { font-size: 1.2rem; }
.st-key-people-now [data-testid="stMetricValue"] {
  font-size: 8rem; line-height: 1; font-weight: 700; padding: 0; }
.st-key-people-now [data-testid="stMetricLabel"] p { font-size: 1.6rem; }
.st-key-emotion-counts {
  display: grid; grid-template-columns: repeat(4, 1fr); gap: 1rem; min-height: 14.5rem; }
.st-key-emotion-counts > * { width: auto; }
.st-key-emotion-counts > :has(.st-key-notice) { grid-column: 1 / -1; align-self: center; }
[class*="st-key-emotion-"]:not(.st-key-emotion-counts) {
  background: $pale; border-radius: 0.5rem; padding: 0.5rem 0.9rem; }
.st-key-emotion-counts [data-testid="stMetricValue"] {
  font-size: 2.9rem; line-height: 1.1; font-weight: 700; padding: 0; }
.st-key-emotion-counts [data-testid="stMetricLabel"] p { font-size: 1.4rem; }
[class*="st-key-emotion-"][class*="-none"] [data-testid="stMetricValue"] {
  color: $soft; font-weight: 400; }
.st-key-notice {
  border-left: 0.9rem solid $ink; background: $warm; color: $ink; border-radius: 0.5rem;
  padding: 1.4rem 1.8rem; }
.st-key-notice h2 { font-size: 2.2rem; padding: 0 0 0.5rem; }
.st-key-notice p { font-size: 1.5rem; }
.st-key-change p { font-size: 1.6rem; font-weight: 600; }
.st-key-not-kept p { font-size: 1.2rem; }
.st-key-history-chart p { font-size: 1.2rem; }
.legend { display: flex; flex-wrap: wrap; gap: 0.3rem 1.2rem; font-size: 1.1rem; color: $ink; }
.legend i { display: inline-block; width: 1rem; height: 1rem; border: 1px solid $line;
  margin-right: 0.45rem; vertical-align: -0.1rem; }
.st-key-lesson-heading h1 { font-size: 1.9rem; padding: 0 0 0.6rem; }
.stMain h2 { font-size: 1.5rem; } .stMain h3 { font-size: 1.2rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
input::placeholder { color: $soft !important; opacity: 1 !important; }
.st-key-to-report a { font-size: 1.1rem; }
.st-key-lesson-summary [data-testid="stText"] { font-size: 1.25rem; font-family: inherit; }
.st-key-lesson-summary p { font-size: 1.5rem; }
.st-key-lesson-facts {
  display: grid; grid-template-columns: repeat(4, 1fr); gap: 1rem; }
.st-key-lesson-facts [data-testid="stMetricValue"] { font-size: 1.8rem; }
.st-key-lesson-facts > * { width: auto; background: $pale; border-radius: 0.5rem;
  padding: 0.5rem 0.9rem; }
.st-key-marks [data-testid="stText"] { font-size: 1.1rem; font-family: inherit; }
.st-key-footer p { font-size: 1.05rem; color: $soft; }
@media (min-width: 1700px) {
  :root { font-size: 21px; }
  .block-container { max-width: 88rem; }
}
@media (max-width: 640px) {
  .block-container { padding: 4rem 1rem 0.8rem; }
  .st-key-header { gap: 0.6rem; }
  .st-key-people-now [data-testid="stMetricValue"] { font-size: 5.5rem; }
  .st-key-emotion-counts { grid-template-columns: repeat(2, 1fr); gap: 0.7rem; min-height: 0; }
  .st-key-notice h2 { font-size: 1.7rem; }
  .st-key-notice p { font-size: 1.25rem; }
  .st-key-change p { font-size: 1.3rem; }
  .st-key-lesson-facts { grid-template-columns: repeat(2, 1fr); gap: 0.7rem; }
}
""" + "".join(_TILE.format(category=name, colour=colour) for name, colour in COLOURS.items())
"""Constant: nothing that came from the network is ever put into it."""


def css() -> str:
    """The style sheet in this session's colours."""
    text, colours = _CSS, palette()
    for name in ("pale", "ink", "warm", "soft", "line"):
        text = text.replace(f"${name}", getattr(colours, name))
    return text
