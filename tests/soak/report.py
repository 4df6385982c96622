"""The result of a day in Markdown, with the memory as a plot."""

import platform
from pathlib import Path
from typing import Final

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from tests.soak.device import REOPEN_SECONDS
from tests.soak.faults import Options
from tests.soak.outcome import Outcome
from tests.soak.room import FRAMES_PER_SECOND, HANG_SECONDS, WINDOW_SECONDS

_MOST_GROWTH: Final = 0.05


def goals(outcome: Outcome) -> list[tuple[str, str, bool]]:
    """What was wanted, what was measured, and whether that is enough."""
    begin, end = outcome.memory_mb
    return [
        (
            "the agent is still the one that was started",
            f"{outcome.boots} start, ended with {outcome.exit_code} when it was asked to",
            (outcome.boots, outcome.exit_code) == (1, 0),
        ),
        (
            "every window is accounted for",
            f"{outcome.counted} counted, {outcome.received} received, "
            f"{outcome.missing} missing, {outcome.lost} given up",
            (outcome.missing, outcome.lost) == (0, 0),
        ),
        (
            "memory is flat within 5 %",
            f"{begin:.1f} MB after a tenth of the time, {end:.1f} MB in the last tenth "
            f"({outcome.growth:+.1%})",
            abs(outcome.growth) <= _MOST_GROWTH,
        ),
        (
            "no process of the camera is left over",
            str(outcome.left_over),
            outcome.left_over == 0,
        ),
    ]


def write(outcome: Outcome, options: Options, command: str, file: Path) -> None:
    """Writes the page, and its picture beside it."""
    picture = file.with_suffix(".png")
    _draw(outcome, picture)
    file.write_text(_document(outcome, options, command, picture.name))


def _document(outcome: Outcome, options: Options, command: str, picture: str) -> str:
    return f"""# A day in an hour

Made by `{command}` with Python {platform.python_version()}. Do not edit.

The agent as it is shipped, with its camera's process, its outbox on a small disk of its own and a
real Mosquitto, through what can go wrong in a day. The camera, a stand-in for Picamera2, sees
moving portraits at {FRAMES_PER_SECOND:g} frames a second; windows last {WINDOW_SECONDS:g} s, so
that their number is that of a day of lessons. The processor's temperature and its throttling come
from a file. Faults come at random times that follow from the seed, those of different kinds at the
same time; each must be noticed by the agent and outlived. Seconds stand for minutes only where the
agent would just wait: a camera hangs for {HANG_SECONDS:g} s, and a full disk is tried again after
{REOPEN_SECONDS:g} s.

{_table(["goal", "measured", "met"], [(g, m, "yes" if r else "no") for g, m, r in goals(outcome)])}

{_table(["fault", "times"], sorted(outcome.done.items()))}

{outcome.seconds:.0f} s in all, of which {outcome.counted_seconds:.0f} s are in windows; the rest
is a camera that was away. {outcome.repeated} windows came more than once, which is why a recorder
keeps one of each.

![Resident memory of the agent and of its camera's process over time]({picture})

{_table(["state told", "times"], sorted(outcome.states.items()))}

A status that came while the broker was away is not repeated: only the last one is told on the next
connection.
"""


def _table(head: list[str], rows: list[tuple[object, ...]]) -> str:
    lines = [head, ["---"] * len(head), *([str(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _draw(outcome: Outcome, file: Path) -> None:
    seconds, agent, camera = zip(*outcome.memory, strict=True)
    minutes = [value / 60 for value in seconds]
    figure, axes = plt.subplots(figsize=(9, 3.2), layout="constrained")
    axes.plot(minutes, agent, label="agent")
    axes.plot(minutes, camera, label="its camera's process (gaps: lost)", linewidth=0.8)
    axes.set(xlabel="minutes", ylabel="resident memory, MB", ylim=(0, None))
    # The camera's line goes up and down across all of the axes: no corner of them is free.
    figure.legend(loc="outside upper right", ncols=2, fontsize="small", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=110, metadata={"Software": None})
    plt.close(figure)
