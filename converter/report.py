"""A benchmark as one self-contained HTML page and as a Markdown table."""

import html
from collections.abc import Callable, Sequence
from typing import Final

from converter.chart import draw, pareto, shown
from converter.results import Results, Row
from converter.workers import BenchmarkError

_TITLE: Final = "Emotion networks: accuracy against time"
_STYLE: Final = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1b2733; max-width: 96rem; margin: 2rem auto;
  padding: 0 1.5rem; }
h1 { font-size: 1.9rem; margin: 0 0 .3rem; }
.lead { font-size: 1.15rem; color: #3b4854; margin: 0 0 1rem; }
figure { margin: 0 0 1.5rem; } figure svg { width: 100%; height: auto; }
.table { overflow-x: auto; }
table { border-collapse: collapse; font-size: .78rem; font-variant-numeric: tabular-nums;
  width: 100%; }
th, td { padding: .25rem .4rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid #e3e8ec; }
th { background: #f3f6f8; cursor: pointer; vertical-align: bottom; white-space: normal; }
th.text, td.text { text-align: left; }
tr.front td { background: #eef6ee; font-weight: 600; }
tr.front td:first-child::before { content: "★ "; color: #2c7a3f; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; font-size: .9rem; }
dt { color: #57636e; } dd { margin: 0; }
"""
_SCRIPT: Final = """
for (const head of document.querySelectorAll("th")) head.addEventListener("click", () => {
  const body = head.closest("table").tBodies[0], column = head.cellIndex;
  const up = head.dataset.up = head.dataset.up === "1" ? "0" : "1";
  const value = row => row.cells[column].dataset.value ?? row.cells[column].textContent;
  const compare = (a, b) => {
    const [x, y] = [value(a), value(b)], numbers = [Number(x), Number(y)];
    return numbers.some(isNaN) ? x.localeCompare(y) : numbers[0] - numbers[1];
  };
  const rows = [...body.rows].sort((a, b) => (up === "1" ? 1 : -1) * compare(a, b));
  body.append(...rows);
});
"""

Column = tuple[str, Callable[[Row], str], Callable[[Row], float | str]]


def _number(name: str, get: Callable[[Row], float | None], form: str = ",.0f") -> Column:
    def text(row: Row) -> str:
        value = get(row)
        return "" if value is None else format(value, form)

    return name, text, lambda row: -1 if get(row) is None else float(get(row) or 0)


def _words(name: str, get: Callable[[Row], str]) -> Column:
    return name, get, get


_COLUMNS: Final[tuple[Column, ...]] = (
    _words("network", lambda row: row.network),
    _words("precision", lambda row: row.precision),
    _number("batch", lambda row: row.batch),
    _number("threads", lambda row: row.threads),
    _words("runtime", lambda row: row.runtime),
    _number("right, %", lambda row: None if row.accuracy is None else 100 * row.accuracy, ".1f"),
    _words(
        "95 %",
        lambda row: (
            ""
            if row.accuracy_low is None or row.accuracy_high is None
            else f"{100 * row.accuracy_low:.1f}–{100 * row.accuracy_high:.1f}"
        ),
    ),
    _number("median, µs", lambda row: row.median_us, ",.1f"),
    _number("p95", lambda row: row.p95_us, ",.1f"),
    _number("p99", lambda row: row.p99_us, ",.1f"),
    _number("ratio to reference", lambda row: row.ratio, ".2f"),
    _number("Python's share, %", lambda row: 100 * (1 - row.inside_us / row.median_us), ".1f"),
    _number("cold start, ms", lambda row: row.cold_ms),
    _number("peak memory, MB", lambda row: row.peak_mb, ".1f"),
    _number("of it the network's", lambda row: row.added_mb, ".1f"),
    _number("file, kB", lambda row: row.size_kb),
    _number("operators", lambda row: row.operators),
    _number("outside XNNPACK", lambda row: row.outside),
)
_TEXT: Final = {"network", "precision", "runtime", "95 %"}


def page(results: Results) -> str:
    """The HTML page: no file or address beside it is needed.

    Raises:
        BenchmarkError: when no row has an accuracy, so that there is nothing to draw.
    """
    front = _front(results)
    svg = draw(results.rows, title=_headline(results, front), form="svg").decode()
    svg = svg[svg.index("<svg") :]
    heads = "".join(
        f'<th class="text">{name}</th>' if name in _TEXT else f"<th>{name}</th>"
        for name, _, _ in _COLUMNS
    )
    rows = "\n".join(_html_row(row, row in front) for row in _sorted(results))
    facts = "".join(
        f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>"
        for name, value in results.facts.items()
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{_TITLE}</title><style>{_STYLE}</style></head><body>
<h1>{_TITLE}</h1>
<p class="lead">{html.escape(_board(results))}</p>
<figure>{svg}</figure>
<h2>Every variant</h2>
<p>★ marks the Pareto front: nothing measured is quicker without being wrong more often. Times are
microseconds a face (of a detector, a picture), from pixels to an answer. Click a column to
sort.</p>
<div class="table"><table><thead><tr>{heads}</tr></thead><tbody>
{rows}
</tbody></table></div>
<h2>The run</h2>
<dl>{facts}</dl>
<script>{_SCRIPT}</script>
</body></html>
"""


def picture(results: Results) -> bytes:
    """The page's picture alone, as PNG.

    Raises:
        BenchmarkError: as for the page.
    """
    return draw(results.rows, title=_headline(results, _front(results)), form="png")


def markdown(results: Results) -> str:
    """The table, a row for every variant.

    Raises:
        BenchmarkError: when no row has an accuracy.
    """
    front = _front(results)
    heads = [name for name, _, _ in _COLUMNS]
    lines = [
        f"# {_TITLE}",
        "",
        _board(results),
        "",
        f"| {' | '.join(heads)} | |",
        f"|{'|'.join('---' if name in _TEXT else '---:' for name in heads)}|---|",
    ]
    for row in _sorted(results):
        cells = [text(row) for _, text, _ in _COLUMNS]
        lines.append(f"| {' | '.join(cells)} | {'Pareto' if row in front else ''} |")
    lines += ["", *(f"- {name}: {value}" for name, value in results.facts.items()), ""]
    return "\n".join(lines)


def _front(results: Results) -> Sequence[Row]:
    points = shown(results.rows)
    if not points:
        raise BenchmarkError(
            "expected results with the accuracy of classifiers for one face on one thread, got "
            "none; run benchmark with --data and thread number 1"
        )
    return pareto(points)


def _sorted(results: Results) -> list[Row]:
    """What the agent would run first, and the best of that first."""
    return sorted(
        results.rows,
        key=lambda row: (row.kind != "emotion", row.batch, row.threads, -(row.accuracy or 0)),
    )


def _headline(results: Results, front: Sequence[Row]) -> str:
    # What the agent runs, where it was measured.
    int8 = [row for row in shown(results.rows) if row.precision == "int8"]
    best = max(int8 or front, key=lambda row: row.accuracy or 0)
    text = f"{best.name}: {100 * (best.accuracy or 0):.1f} % right in {best.median_us:,.0f} µs"
    peers = [row for row in shown(results.rows) if row.precision == "peer"]
    if peers:
        peer = peers[0]
        text += f"; {peer.network}: {100 * (peer.accuracy or 0):.1f} % in {peer.median_us:,.0f} µs"
    return text


def _board(results: Results) -> str:
    facts = results.facts
    return (
        f"{facts.get('board', 'unknown board')}, {facts.get('cores', '?')} cores, "
        f"{facts.get('runtime', 'unknown runtime')}; "
        f"{max(row.pictures for row in results.rows):,} pictures of PublicTest"
        f"{'; a busy machine, its times mean little' if facts.get('busy', 'no') != 'no' else ''}"
    )


def _html_row(row: Row, in_front: bool) -> str:
    cells = []
    for name, text, value in _COLUMNS:
        kind = ' class="text"' if name in _TEXT else ""
        cells.append(
            f'<td{kind} data-value="{html.escape(str(value(row)))}">{html.escape(text(row))}</td>'
        )
    return f"<tr{' class=front' if in_front else ''}>{''.join(cells)}</tr>"
