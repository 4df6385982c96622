"""Writes what was measured into a document, between two lines that mark its place."""

import re
from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt

from tests.dashboard.load.measure import Level, Long

BEGIN, END = "<!-- load -->", "<!-- /load -->"
PLOT = "dashboard-load.png"


def write(document: Path, levels: Sequence[Level], long: Long, machine: str) -> None:
    """Fills the document's place, or adds one at its end, and draws the plot beside it."""
    draw(document.with_name(PLOT), levels, long)
    text = document.read_text() if document.exists() else "# The dashboard\n"
    if BEGIN not in text:
        text = f"{text.rstrip()}\n\n## Speed\n\n{BEGIN}\n{END}\n"
    filled = f"{BEGIN}\n\n{section(levels, long, machine)}\n{END}"
    pattern = re.compile(f"{BEGIN}.*?{END}", re.S)
    document.write_text(pattern.sub(lambda _: filled, text, count=1))


def section(levels: Sequence[Level], long: Long, machine: str) -> str:
    """The figures in Markdown."""
    lines = [
        "`make viewers` measures this: from the call by which the agent's own publisher publishes",
        "a window, through Mosquitto and the pages' process, to",
        "the changed number on the live page in Chromium, by the clock of this one machine. One",
        "viewer is that browser; the others are sessions without one that speak Streamlit's",
        "protocol and run the page's fragments when they are due, as a browser's script does.",
        f"Everything ran on {machine}",
        "",
        "| viewers | updates | median | 95 % | longest | never shown | processor, % of one core "
        "| memory, MB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in levels:
        shown = [f"{seconds:.2f} s" for seconds in _times(one)]
        lines.append(
            f"| {one.viewers} | {len(one.latencies) + one.never} | {' | '.join(shown)} "
            f"| {one.never} | {one.processor:.0f} | {one.memory_mb:.0f} |"
        )
    single = levels[0]
    lines += ["", f"With one viewer the goal (median under 1 s, 95 % under 2 s) is {_met(single)};"]
    lines += [f"with {levels[-1].viewers} at once it is {_met(levels[-1])}."]
    gone = sum(one.gone for one in levels)
    lines.append(f"Sessions that the server closed: {gone}.")
    quarter = len(long.memory_mb) // 4
    early, late = long.memory_mb[quarter], long.memory_mb[-1]
    lines += [
        "",
        f"Memory over {long.updates:,} updates in {long.seconds:.0f} s, {long.viewers} viewers,",
        f"for whom the page was drawn to its end {long.drawn:,} times beside the browser:",
        f"{long.memory_mb[0][1]:.0f} MB before, {early[1]:.0f} MB after {early[0]:,} updates,",
        f"{late[1]:.0f} MB after {late[0]:,}. Windows that come",
        "so quickly are taken together: mostly something new is there before a page is drawn.",
        "",
        f"![Latency, processor and memory by number of viewers, and memory by updates]({PLOT})",
        "",
    ]
    return "\n".join(lines)


def _times(one: Level) -> tuple[float, float, float]:
    return one.median, one.quantile(0.95), max(one.latencies)


def _met(one: Level) -> str:
    return "met" if one.median < 1 and one.quantile(0.95) < 2 else "**not met**"


def draw(file: Path, levels: Sequence[Level], long: Long) -> None:
    """Four small plots."""
    viewers = [one.viewers for one in levels]
    figure, places = plt.subplots(2, 2, figsize=(9, 6.2), constrained_layout=True)
    latency, processor, memory, many = places.flat
    for name, style, values in (
        ("median", "o-", [one.median for one in levels]),
        ("95 %", "s--", [one.quantile(0.95) for one in levels]),
    ):
        latency.plot(viewers, values, style, label=name)
    latency.axhline(1, color="0.5", lw=0.8)
    latency.axhline(2, color="0.5", lw=0.8, ls="--")
    latency.set(title="From publish to the changed page", ylabel="s", ylim=(0, None))
    latency.legend()
    processor.plot(viewers, [one.processor for one in levels], "o-")
    processor.set(title="Processor of the pages", ylabel="% of one core", ylim=(0, None))
    memory.plot(viewers, [one.memory_mb for one in levels], "o-")
    memory.set(title="Memory of the pages", ylabel="MB")
    memory.set_ylim(0, 1.2 * max(one.memory_mb for one in levels))
    many.plot(*zip(*long.memory_mb, strict=True))
    many.set(title=f"Memory, {long.viewers} viewers", ylabel="MB", xlabel="updates")
    many.set_ylim(0, 1.2 * max(megabytes for _, megabytes in long.memory_mb))
    for place in (latency, processor, memory):
        place.set(xlabel="viewers at once", xlim=(0, None))
    figure.savefig(file, dpi=80)
    plt.close(figure)
