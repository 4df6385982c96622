"""A lesson's report as one HTML file that needs nothing else: to print, keep, or send."""

from collections.abc import Sequence
from datetime import tzinfo
from html import escape
from typing import Final

from dashboard import report
from dashboard.confusion import Range
from dashboard.history import CATEGORIES
from dashboard.lesson_words import (
    facts,
    heading,
    headline,
    limits,
    minutes_of,
    share_words,
    warnings,
)
from dashboard.records import Totals
from dashboard.report import Report
from dashboard.style import COLOURS, LIGHT
from dashboard.texts import Texts

_WIDTH: Final = 900
_HEIGHT: Final = 240
_LEFT: Final = 40
_BAR: Final = 360
_LEAST_SHARE: Final = 0.25
"""The bars of shares reach at least so far."""
_CSS: Final = """
body { font: 11pt/1.45 system-ui, sans-serif; color: #1A1C24; max-width: 60rem; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0.2rem; } h2 { font-size: 1.15rem; margin-top: 1.6rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: 0.25rem
  0.6rem 0.25rem 0; border-bottom: 1px solid #D9DCE3; vertical-align: top; }
svg { width: 100%; height: auto; } .bar { width: 22rem; max-width: 40vw; vertical-align: middle; }
.lead { font-size: 1.15rem; }
.swatch { display: inline-block; width: 0.9em; height: 0.9em; border: 1px solid #767B8A;
  margin-right: 0.4em; vertical-align: -0.1em; }
.legend span { white-space: nowrap; margin-right: 1rem; }
.small { font-size: 0.9rem; color: #3D4251; }
@media print { body { margin: 0; max-width: none; } h2 { break-after: avoid; }
  svg, table { break-inside: avoid; } * { print-color-adjust: exact;
  -webkit-print-color-adjust: exact; } }
"""


def html(
    lesson: Report,
    others: Sequence[tuple[str, Totals]],
    zone: tzinfo | None,
    language: str,
    texts: Texts,
) -> bytes:
    """The report as UTF-8; every word that a person or the network gave is escaped.

    Args:
        others: a name and the totals of each lesson to compare with.
        language: tag of the words' language.
    """
    words, title = texts.lesson, heading(lesson.period, zone, texts)
    room = lesson.room.name
    parts = [
        f"<h1>{escape(title)}</h1><p>{escape(texts.common.room)}: {escape(room)}</p>",
        f'<p class="lead">{escape(headline(lesson, texts))}</p>',
        *(f"<p>{escape(text)}</p>" for text in warnings(lesson, texts)),
        _table((), facts(lesson, texts)),
        f"<h2>{escape(words.timeline)}</h2>{_timeline(lesson, zone, texts)}{_legend(texts)}",
        f'<p class="small">{escape(texts.live.chart_hint)}</p>',
    ]
    if lesson.marks:
        marks = [
            (f"{number}.", f"{mark.at.astimezone(zone):%H:%M}", mark.text)
            for number, mark in enumerate(lesson.marks, start=1)
        ]
        parts.append(f"<h2>{escape(words.marks)}</h2>{_table((), marks)}")
    parts.append(f"<h2>{escape(words.shares)}</h2>{_shares(lesson, texts)}")
    parts.append(f'<p class="small">{escape(limits(lesson, texts))}</p>')
    if others:
        parts.append(f"<h2>{escape(words.comparison)}</h2>{_others(lesson, others, texts)}")
    parts.append(
        f'<p class="small">{escape(texts.common.only_counts)} {escape(texts.common.no_pupil)}</p>'
    )
    return (
        f'<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8">'
        f"<title>{escape(title)} – {escape(room)}</title><style>{_CSS}</style></head>"
        f"<body>{''.join(parts)}</body></html>\n"
    ).encode()


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table>{f'<tr>{lines}</tr>' if head else ''}{body}</table>"


def _swatch(category: str) -> str:
    return f'<span class="swatch" style="background:{COLOURS[category]}"></span>'


def _legend(texts: Texts) -> str:
    names = texts.common.emotions
    entries = (f"<span>{_swatch(c)}{escape(names[c])}</span>" for c in CATEGORIES)
    return f'<p class="legend">{" ".join(entries)}</p>'


def _shares(lesson: Report, texts: Texts) -> str:
    found = report.shares(lesson.totals)
    if found is None:
        return f"<p>{escape(texts.lesson.no_numbers)}</p>"
    ranges, rows = lesson.ranges or {}, []
    most = max([_LEAST_SHARE, *found.values(), *(known.high for known in ranges.values())])
    for category in CATEGORIES:
        share, known = found[category], ranges.get(category)
        name, label = texts.common.emotions[category], share_words(share, known, texts)
        rows.append(
            f"<tr><td>{_swatch(category)}{escape(name)}</td><td>{escape(label)}</td>"
            f"<td>{_bar(category, share / most, known, most)}</td></tr>"
        )
    return f"<table>{''.join(rows)}</table>"


def _bar(category: str, part: float, known: Range | None, most: float) -> str:
    """A share as a bar, with a line over it where it probably lies."""
    parts = [
        f'<rect y="2" width="{_BAR * part:.1f}" height="14" fill="{COLOURS[category]}" '
        f'stroke="{LIGHT.line}"/>'
    ]
    if known is not None and known.high > known.low:
        low, high = (_BAR * edge / most for edge in (known.low, known.high))
        line = f"M{low:.1f} 9H{high:.1f}M{low:.1f} 4V14M{high:.1f} 4V14"
        parts += [
            f'<path d="{line}" stroke="{colour}" stroke-width="{width}"/>'
            for colour, width in ((LIGHT.ground, 5), (LIGHT.ink, 2))
        ]
    box = f"-3 0 {_BAR + 6} 18"
    # Hidden from those who hear the page: the words beside it say the same.
    return f'<svg class="bar" viewBox="{box}" aria-hidden="true">{"".join(parts)}</svg>'


def _others(lesson: Report, others: Sequence[tuple[str, Totals]], texts: Texts) -> str:
    names = texts.common.emotions
    head = (texts.lesson.lesson, texts.common.people, *(names[c] for c in CATEGORIES))
    rows = []
    for name, totals in ((texts.lesson.this_lesson, lesson.totals), *others):
        found, people = report.shares(totals), report.average_people(totals)
        none = texts.common.no_number
        cells = [none if people is None else str(round(people))]
        cells += [none if found is None else f"{round(100 * found[c])} %" for c in CATEGORIES]
        rows.append((name, *cells))
    return _table(head, rows)


def _timeline(lesson: Report, zone: tzinfo | None, texts: Texts) -> str:
    """The chart of the lesson's minutes as SVG."""
    start = lesson.period.start
    whole = (lesson.until - start).total_seconds()
    bars = report.bins(lesson)
    top = max([5.0, *(bar.above for bar in bars)])

    def x(moment: object) -> float:
        return _LEFT + (_WIDTH - _LEFT) * (moment - start).total_seconds() / whole  # type: ignore[operator]

    def y(people: float) -> float:
        return 24 + (_HEIGHT - 48) * (1 - people / top)

    def box(left: float, right: float, upper: float, lower: float, fill: str, tip: str) -> str:
        size = f'width="{right - left:.1f}" height="{lower - upper:.1f}"'
        title = f"<title>{escape(tip)}</title>"
        return f'<rect x="{left:.1f}" y="{upper:.1f}" {size} fill="{fill}">{title}</rect>'

    base = y(0)
    parts = [
        '<pattern id="stripes" width="8" height="8" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><rect width="8" height="8" fill="{LIGHT.pale}"/>'
        f'<rect width="4" height="8" fill="{LIGHT.faint}"/></pattern>'
    ]
    parts += [
        box(
            x(s.started_at),
            x(s.ended_at),
            y(top),
            base,
            "url(#stripes)",
            texts.live.hidden_band,
        )
        for s in lesson.hidden
    ]
    parts += [
        box(
            x(bar.start),
            x(bar.end),
            y(bar.above),
            y(bar.below),
            COLOURS[bar.category],
            f"{texts.common.emotions[bar.category]}: {bar.people:.1f}",
        )
        for bar in bars
    ]
    parts.append(
        f'<path d="M{_LEFT} {y(top):.1f}V{base:.1f}H{_WIDTH}" fill="none" stroke="{LIGHT.line}"/>'
        f'<text x="0" y="11">{escape(texts.common.people)}</text>'
        f'<text x="{_LEFT - 6}" y="{y(top) + 5:.1f}" text-anchor="end">{top:.0f}</text>'
        f'<text x="{_LEFT - 6}" y="{base + 4:.1f}" text-anchor="end">0</text>'
    )
    for part in range(5):
        moment = start + part * (lesson.until - start) / 4
        anchor = ("start", "middle", "middle", "middle", "end")[part]
        parts.append(
            f'<text x="{x(moment):.1f}" y="{base + 20:.1f}" text-anchor="{anchor}">'
            f"{moment.astimezone(zone):%H:%M}</text>"
        )
    for number, mark in enumerate(lesson.marks, start=1):
        parts.append(
            f'<path d="M{x(mark.at):.1f} 18V{base:.1f}" stroke="{LIGHT.ink}" stroke-width="2"/>'
            f'<text x="{x(mark.at):.1f}" y="14" text-anchor="middle" font-weight="bold">'
            f"{number}</text>"
        )
    label = escape(f"{texts.lesson.timeline}: {minutes_of(lesson.counted_time, texts)}")
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}" '
        f'font-size="13">{"".join(parts)}</svg>'
    )
