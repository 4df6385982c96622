"""The picture from which a network is chosen: accuracy against time, size as area."""

import io
from collections.abc import Sequence
from typing import Any, Final, Literal

import matplotlib
import numpy as np

from converter.results import Row

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullFormatter

_MARKERS: Final = {
    "float32": "s",
    "float16": "D",
    "dynamic": "^",
    "int8": "o",
    "int16": "v",
    "int8-litert": "p",
    "peer": "X",
    "given": "h",
}
_LARGEST_AREA: Final = 1500.0
"""Square points of the largest file's marker."""
_SMALLEST_AREA: Final = 24.0
"""Below this a marker's form cannot be told."""
_PEER_AREA: Final = 110.0
_INK: Final = "#1b2733"


def pareto(rows: Sequence[Row]) -> list[Row]:
    """Those that no other row beats in time without losing accuracy, quickest first."""
    front: list[Row] = []
    for row in sorted(rows, key=lambda row: (row.median_us, -(row.accuracy or 0))):
        if not front or (row.accuracy or 0) > (front[-1].accuracy or 0):
            front.append(row)
    return front


def shown(rows: Sequence[Row]) -> list[Row]:
    """What the picture shows: classifiers for one face on one thread, by the first runtime."""
    runtime = rows[0].runtime
    return [
        row
        for row in rows
        if row.kind == "emotion"
        and (row.batch, row.threads, row.runtime) == (1, 1, runtime)
        and row.accuracy is not None
    ]


def draw(rows: Sequence[Row], *, title: str, form: Literal["svg", "png"]) -> bytes:
    """The picture, of what `shown` leaves.

    Args:
        rows: all of a benchmark.
        title: above it.
        form: of the file.
    """
    points = shown(rows)
    networks = list(dict.fromkeys(row.network for row in points))
    palette = matplotlib.color_sequences["tab10" if len(networks) <= 10 else "tab20"] * 5
    colours: dict[str, Any] = dict(zip(networks, palette, strict=False))
    largest = max(row.size_kb for row in points)
    front = pareto(points)
    with plt.rc_context({"font.size": 13, "text.color": _INK, "svg.fonttype": "none"}):
        figure, axes = plt.subplots(figsize=(13.3, 7.2), layout="constrained")
        axes.step(
            [row.median_us for row in front],
            [100 * (row.accuracy or 0) for row in front],
            where="post",
            color=_INK,
            linewidth=1.6,
            linestyle=(0, (5, 2)),
            zorder=1,
        )
        # Large ones first, so that none hides a small one.
        for row in sorted(points, key=lambda row: -row.size_kb):
            axes.scatter(
                row.median_us,
                100 * (row.accuracy or 0),
                s=max(
                    _PEER_AREA if row.precision == "peer" else _SMALLEST_AREA,
                    _LARGEST_AREA * row.size_kb / largest,
                ),
                marker=_MARKERS.get(row.precision, "o"),
                color=(*to_rgb(colours[row.network]), 1.0 if row.precision == "peer" else 0.65),
                edgecolor=_INK if row in front else "white",
                linewidth=1.6 if row in front else 0.7,
                zorder=3 if row in front else 2,
            )
        _frame(axes, points, title)
        _legends(axes, points, colours, largest)
        figure.canvas.draw()  # fixes where points lie on the page
        peers = [row for row in points if row.precision == "peer" and row not in front]
        _name(axes, [*front, *peers])
        content = io.BytesIO()
        metadata = {"Date": None, "Creator": None} if form == "svg" else {"Software": None}
        figure.savefig(content, format=form, metadata=metadata)
        plt.close(figure)
    return content.getvalue()


def _frame(axes: plt.Axes, points: Sequence[Row], title: str) -> None:
    axes.set_xscale("log")
    axes.margins(x=0.12, y=0.14)
    axes.set_title(title, loc="left", fontsize=17, fontweight="bold", pad=14)
    axes.set_xlabel("microseconds a face (one face, one thread, median) — left is quicker")
    axes.set_ylabel("right answers on PublicTest, % — up is better")
    low, high = axes.get_xlim()
    steps = [base * 10.0**power for power in range(0, 7) for base in (1, 2, 5)]
    axes.set_xticks([step for step in steps if low <= step <= high])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(color="#d8dee4", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    widths = [50 * ((r.accuracy_high or 0) - (r.accuracy_low or 0)) for r in points]
    bottom, top = axes.get_ylim()
    half = float(np.median(widths))
    if 2 * half < 0.6 * (top - bottom):
        # One for all: the intervals hardly differ, and forty bars would hide the points.
        place = axes.get_xlim()[1] ** 0.97 * axes.get_xlim()[0] ** 0.03
        axes.errorbar(place, bottom + 1.4 * half, yerr=half, color="#8795a1", capsize=4)
        axes.annotate(
            "95 % interval\nof each point",
            (place, bottom + 1.4 * half),
            xytext=(-10, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=11,
            color="#57636e",
        )


def _name(axes: plt.Axes, rows: Sequence[Row]) -> None:
    """Writes names to the left of their points, where the front leaves room, none on another."""
    edge = axes.transData.transform((axes.get_xlim()[0], 0))[0]
    taken: list[tuple[float, float, float]] = []
    for row in sorted(rows, key=lambda row: row.accuracy or 0):
        place = row.median_us, 100 * (row.accuracy or 0)
        x, y = axes.transData.transform(place)
        width = 12.0 * len(row.name) + 14
        to_right = x - width < edge or row.precision == "peer"
        start, end = (x, x + width) if to_right else (x - width, x)
        height = y + (-16 if to_right else 16)
        while any(
            abs(height - other) < 17 and start < last and end > first
            for first, last, other in taken
        ):
            height += -6 if to_right else 6
        taken.append((start, end, height))
        axes.annotate(
            row.network if row.precision == "peer" else row.name,
            place,
            xytext=(14 if to_right else -14, 0.72 * (height - y)),
            textcoords="offset points",
            ha="left" if to_right else "right",
            va="center",
            fontsize=12,
            fontweight="bold",
            zorder=5,
            arrowprops={
                "arrowstyle": "-",
                "color": "#8795a1",
                "linewidth": 0.8,
                "relpos": (0.0 if to_right else 1.0, 0.5),
            },
        )


def _legends(
    axes: plt.Axes,
    points: Sequence[Row],
    colours: dict[str, Any],
    largest: float,
) -> None:
    def handle(label: str, marker: str, colour: Any, size: float = 11) -> Line2D:
        return Line2D(
            [], [], linestyle="", marker=marker, color=colour, markersize=size, label=label
        )

    precisions = list(dict.fromkeys(row.precision for row in points))
    sizes = [largest * share for share in (0.4, 0.1, 0.02)]
    entries = [
        *(handle(name, "o", colour) for name, colour in colours.items()),
        Line2D([], [], linestyle="", label=" "),
        *(handle(name, _MARKERS.get(name, "o"), "#57636e") for name in precisions),
        Line2D([], [], linestyle="", label=" "),
        *(
            handle(f"{kb:,.0f} kB", "o", "#b8c2cc", float(np.sqrt(_LARGEST_AREA * kb / largest)))
            for kb in sizes
        ),
        Line2D([], [], color=_INK, linestyle=(0, (5, 2)), label="Pareto front"),
    ]
    axes.legend(
        handles=entries,
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        frameon=False,
        fontsize=11,
        labelspacing=0.8,
        handletextpad=1.4,
        borderaxespad=0,
    )
