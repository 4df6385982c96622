"""The benchmark's figures as Markdown, and where the time goes as a picture."""

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

import matplotlib

from edge_agent.tflite_model import runtime_version
from tests.bench.measure import ROUNDS, WINDOW_SECONDS, Found, Pair
from tests.bench.processes import Started
from tests.bench.scenes import RATES
from tests.bench.stopwatch import NETWORKS

matplotlib.use("Agg")
import matplotlib.pyplot as plt

_BYTE_SETS: Final = {"avx_vnni", "avx512_vnni", "amx_int8", "asimddp", "i8mm"}
"""Instruction sets that multiply and add bytes at once, as /proc/cpuinfo names them."""
ALL_SEARCHED: Final = f"video, {max(RATES)}/s, all searched"
LARGE_SIDE: Final = 1280
"""Pixels of a picture's longer side, for those who sit far away."""
LARGE: Final = f"video, {min(RATES)}/s, {LARGE_SIDE} px"
_LEAST_RATIO: Final = 3.0
_MOST_OUTSIDE: Final = 0.15
_MOST_GROWTH: Final = 3.0
_MOST_PEOPLE_ERROR: Final = 0.05
_MOST_MB: Final = 150.0
_MOST_START_SECONDS: Final = 2.0 + WINDOW_SECONDS
_MOST_IMPORT_SECONDS: Final = 0.5


@dataclass(frozen=True)
class Figures:
    """All that was measured; times in processor milliseconds a frame.

    Attributes:
        videos: by frames a second.
        walls: by number of faces.
        parts: by name of the scene, of the agent.
        agent_found, alternative_found: by frames a second.
        large_agent_started: with `LARGE_SIDE` as ``detector.longer_side``.
    """

    videos: dict[int, Pair]
    walls: dict[int, Pair]
    parts: dict[str, dict[str, float]]
    agent_found: dict[int, Found]
    alternative_found: dict[int, Found]
    agent_started: Started
    large_agent_started: Started
    alternative_started: Started
    import_seconds: float


def scene(rate: int) -> str:
    """What the video at so many frames a second is called."""
    return f"video, {rate}/s"


def picture_of(document: Path) -> Path:
    """The picture beside a report."""
    return document.with_suffix(".png")


def write(figures: Figures, document: Path) -> None:
    """Writes the report and its picture."""
    document.write_text(markdown(figures, picture_of(document).name))
    _draw(figures, picture_of(document))


def markdown(figures: Figures, picture: str) -> str:
    """The report."""
    return f"""# How fast the agent is

Written by `make bench` (`python -m tests.bench`), which anybody with the trial video can run. It
compares the whole agent with the obvious alternative, on the same frames in the same run: YuNet
through OpenCV at 640 pixels and the network of the package `fer` on every face of every frame, in
one process without a memory of the last frame. YuNet's threshold is the one at which it finds as
many of the video's faces as the agent does.

Times are of the processor, not of the clock: what one core takes, {ROUNDS} rounds in turn, their
median, after the first frames, without decoding the video, which both need. The ratios are what
counts; the milliseconds belong to this machine: {_machine()}.

The agent searches a frame for faces every half second, at once where it lost one, and follows them
by optical flow through the frames between (`detector.repeat_seconds`). The more frames a second it
looks at, the less each costs; what following takes is outside the networks. "{LARGE_SIDE} px" is
the agent with `detector.longer_side: {LARGE_SIDE}`, for faces half as large.

The ratios belong to a kind of processor, too. The agent's networks are int8 and YuNet is float: a
processor that multiplies bytes at once (AVX-VNNI, AVX512-VNNI, or ARM's dot product, which a
Raspberry Pi 5 has) runs the agent's detector several times faster than one with AVX2 alone, and
YuNet as fast as before.

## The goals

{_goals(figures)}

## The trial video

{_video_table(figures)}

## By number of faces

Walls of the video's own faces, 72 pixels high, four frames a second.

{_wall_table(figures.walls)}

## Where the time goes

![Milliseconds a frame of the agent by part, for each scene]({picture})

{_parts_table(figures.parts)}

## Programs as people start them

{_process_table(figures)}
"""


def _goals(figures: Figures) -> str:
    found, other = figures.agent_found, figures.alternative_found
    outside = {name: _outside(parts) for name, parts in figures.parts.items()}
    growth = figures.walls[40].agent / figures.walls[5].agent
    ratio = figures.videos[max(RATES)].ratio
    error = max(one.people_error for one in found.values())
    started = figures.agent_started
    return _table(
        ["goal", "measured", "met"],
        [
            (
                f"at least {_LEAST_RATIO:g} times the alternative's frames a second and core",
                f"{ratio:.2f}",
                ratio >= _LEAST_RATIO,
            ),
            *(
                (
                    f"at no worse recall, {rate} frames a second",
                    f"{found[rate].recall:.2%} against {other[rate].recall:.2%}",
                    found[rate].recall >= other[rate].recall,
                )
                for rate in RATES
            ),
            *(
                (
                    f"outside the two networks at most {_MOST_OUTSIDE:.0%} of the time{how}",
                    f"{outside[name]:.1%}",
                    outside[name] <= _MOST_OUTSIDE,
                )
                for name, how in (
                    (scene(max(RATES)), ""),
                    (ALL_SEARCHED, ", were every frame searched"),
                )
            ),
            (
                f"40 faces cost less than {_MOST_GROWTH:g} times 5 faces",
                f"{growth:.2f}",
                growth < _MOST_GROWTH,
            ),
            (
                f"people a window: mean absolute error at most {_MOST_PEOPLE_ERROR:.0%}",
                f"{error:.1%}",
                error <= _MOST_PEOPLE_ERROR,
            ),
            (
                f"resident memory at most {_MOST_MB:g} MB",
                f"{started.peak_mb:.0f} MB",
                started.peak_mb <= _MOST_MB,
            ),
            (
                f"first count within {_MOST_START_SECONDS:g} s, a window of {WINDOW_SECONDS:g} s "
                "included",
                f"{started.first_count_seconds:.1f} s",
                started.first_count_seconds <= _MOST_START_SECONDS,
            ),
            (
                f"import under {_MOST_IMPORT_SECONDS:g} s",
                f"{figures.import_seconds:.2f} s",
                figures.import_seconds < _MOST_IMPORT_SECONDS,
            ),
        ],
    )


def _video_table(figures: Figures) -> str:
    rows: list[tuple[object, ...]] = []
    for rate, pair in figures.videos.items():
        found, other = figures.agent_found[rate], figures.alternative_found[rate]
        rows += [
            (f"**{rate} looked at in a second of video**", "", "", ""),
            (
                "frames a second and core",
                f"{1000 / pair.agent:.0f}",
                f"{1000 / pair.alternative:.0f}",
                f"{pair.ratio:.2f} ({pair.ratios[0]:.2f} to {pair.ratios[-1]:.2f})",
            ),
            ("faces of 24 px and more found", f"{found.recall:.2%}", f"{other.recall:.2%}", ""),
            ("boxes that are no face", f"{found.false_boxes:.2%}", f"{other.false_boxes:.2%}", ""),
            (
                "people a window, mean absolute error",
                f"{found.people_error:.1%}",
                f"{other.people_error:.1%}",
                "",
            ),
        ]
    return _table(["", "agent", "alternative", "ratio (lowest to highest)"], rows)


def _wall_table(walls: dict[int, Pair]) -> str:
    return _table(
        ["faces", "agent, ms", "alternative, ms", "ratio"],
        [
            (number, f"{pair.agent:.1f}", f"{pair.alternative:.1f}", f"{pair.ratio:.2f}")
            for number, pair in walls.items()
        ],
    )


def _parts_table(parts: dict[str, dict[str, float]]) -> str:
    names = _names(parts)
    return _table(
        ["ms a frame", *names, "outside the networks"],
        [
            (scene, *(f"{told.get(name, 0):.2f}" for name in names), f"{_outside(told):.1%}")
            for scene, told in parts.items()
        ],
    )


def _process_table(figures: Figures) -> str:
    started = (figures.agent_started, figures.large_agent_started, figures.alternative_started)
    return _table(
        ["", "agent", f"agent at {LARGE_SIDE} px", "alternative"],
        [
            ("peak resident memory, MB", *(f"{one.peak_mb:.0f}" for one in started)),
            (
                f"start to first count, of which {WINDOW_SECONDS:g} s are its window",
                *(f"{one.first_count_seconds:.1f} s" for one in started),
            ),
        ],
    )


def _outside(told: dict[str, float]) -> float:
    return 1 - sum(told.get(network, 0.0) for network in NETWORKS) / sum(told.values())


def _names(parts: dict[str, dict[str, float]]) -> list[str]:
    others = {name: None for told in parts.values() for name in told if name not in NETWORKS}
    return [*NETWORKS, *others]


def _table(head: list[str], rows: list[tuple[object, ...]]) -> str:
    def line(cells: list[str]) -> str:
        return f"| {' | '.join(cells)} |"

    body = [line([_cell(value) for value in row]) for row in rows]
    return "\n".join([line(head), line(["---"] * len(head)), *body])


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _machine() -> str:
    names = [*_of_processor("model name"), *_of_processor("Model")]
    flags = {flag for line in _of_processor("flags", "Features") for flag in line.split()}
    return (
        f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores, "
        f"{', '.join(sorted(flags & _BYTE_SETS)) or 'no instructions'} for products of bytes, "
        f"Python {platform.python_version()}, {runtime_version()}, "
        f"OpenCV {version('opencv-python-headless')}"
    )


def _of_processor(*names: str) -> list[str]:
    lines = (line.partition(":") for line in Path("/proc/cpuinfo").read_text().splitlines())
    return [value.strip() for name, _, value in lines if name.strip() in names]


def _draw(figures: Figures, file: Path) -> None:
    names = _names(figures.parts)
    scenes = list(figures.parts)
    colours = plt.get_cmap("tab10").colors
    figure, axes = plt.subplots(figsize=(9, 3.6), layout="constrained")
    left = [0.0] * len(scenes)
    for name, colour in zip(names, colours, strict=False):
        widths = [figures.parts[scene].get(name, 0.0) for scene in scenes]
        axes.barh(scenes, widths, left=left, label=name, color=colour)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    axes.invert_yaxis()
    axes.set_xlabel("processor milliseconds a frame")
    figure.legend(loc="outside right upper", fontsize="small", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=110, metadata={"Software": None})
    plt.close(figure)
