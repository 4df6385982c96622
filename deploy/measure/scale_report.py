"""Writes what `deploy.measure.scale` has measured into a document: tables and plots."""

import math
import os
import platform
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from deploy.measure.document import table
from deploy.measure.scale import RECORDERS, Run, SharedRun


def machine() -> str:
    """What it was measured on."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return (
        f"{len(os.sched_getaffinity(0))} cores ({model}), Linux, Python {platform.python_version()}"
    )


def devices_table(runs: Sequence[Run]) -> str:
    """A row a number of devices."""
    return table(
        (
            *("devices", "windows a second", "windows", "lost, doubled, altered"),
            *("latency p50 / p95 / p99", "broker", "recorder", "simulator"),
        ),
        [
            (
                f"{run.devices:,}",
                f"{run.acknowledged_rate:,.1f}",
                f"{run.outcome.offered:,}",
                _verdict(run),
                " / ".join(_milliseconds(value) for value in run.outcome.latency_ms),
                _usage(run.broker.cpu_share, run.broker.memory_mb),
                _usage(run.recorder.cpu_share, run.recorder.memory_mb),
                _usage(run.outcome.cpu_share, run.outcome.memory_mb),
            )
            for run in runs
        ],
    )


def ceiling_table(runs: Sequence[Run]) -> str:
    """A row a rate."""
    return table(
        (
            *("asked for, a second", "acknowledged", "kept", "lost, doubled, altered"),
            *("latency p50 / p99", "in the store after", "broker", "recorder", "simulator", ""),
        ),
        [
            (
                f"{run.rate:,.0f}",
                f"{run.acknowledged_rate:,.0f}",
                f"{run.kept_rate:,.0f}",
                _verdict(run),
                f"{_milliseconds(run.outcome.latency_ms[0])} / "
                f"{_milliseconds(run.outcome.latency_ms[2])}",
                f"{run.drained_seconds:.1f} s",
                _percent(run.broker.cpu_share),
                _percent(run.recorder.cpu_share),
                _percent(run.outcome.cpu_share),
                "behind" if run.falls_behind else "keeps up",
            )
            for run in runs
        ],
    )


def alone_line(rate: float) -> str:
    """One sentence on a recorder that was away."""
    return (
        "A recorder that was away, when it comes back to a full queue and the devices are silent: "
        f"**{rate:,.0f} windows a second**."
    )


def shared_line(run: SharedRun) -> str:
    """One sentence on the recorders that shared."""
    rate = run.outcome.offered / run.outcome.offer_seconds
    return (
        f"{RECORDERS} recorders of one group, one killed (SIGKILL) after a third of the windows "
        f"and started again after half of them: {run.devices:,} devices, "
        f"{run.outcome.offered:,} windows, {rate:,.0f} a second: "
        f"**{run.verdict}**."
    )


def plot_usage(runs: Sequence[Run], file: Path) -> None:
    """Processor and memory by number of devices."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    cpu, memory = figure.subplots(1, 2)
    devices = [run.devices for run in runs]
    for name, usages in (
        ("broker", [(run.broker.cpu_share, run.broker.memory_mb) for run in runs]),
        ("recorder", [(run.recorder.cpu_share, run.recorder.memory_mb) for run in runs]),
        ("simulator", [(run.outcome.cpu_share, run.outcome.memory_mb) for run in runs]),
    ):
        cpu.plot(devices, [100 * share for share, _ in usages], marker="o", label=name)
        memory.plot(devices, [megabytes for _, megabytes in usages], marker="o", label=name)
    for axes, title in ((cpu, "% of one core"), (memory, "memory, MB")):
        axes.set(xscale="log", xlabel="devices, a window every 5 s", title=title)
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(file, dpi=110)


def plot_ceiling(runs: Sequence[Run], file: Path) -> None:
    """What was taken and kept, and who was busy, by what was asked for."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    rates, cpu = figure.subplots(1, 2)
    asked = [run.rate for run in runs]
    rates.plot(asked, asked, color="0.7", linestyle="--", label="asked for")
    rates.plot(asked, [run.acknowledged_rate for run in runs], marker="o", label="acknowledged")
    rates.plot(asked, [run.kept_rate for run in runs], marker="o", label="in the store")
    rates.set_title("windows a second")
    for name, shares in (
        ("broker", [run.broker.cpu_share for run in runs]),
        ("recorder", [run.recorder.cpu_share for run in runs]),
        ("simulator", [run.outcome.cpu_share for run in runs]),
    ):
        cpu.plot(asked, [100 * share for share in shares], marker="o", label=name)
    cpu.set_title("% of one core")
    for axes in (rates, cpu):
        axes.set(xlabel=f"windows a second from {runs[0].devices:,} devices")
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(file, dpi=110)


def _verdict(run: Run) -> str:
    return f"{run.verdict.lost}, {run.verdict.doubled}, {run.verdict.altered}"


def _usage(cpu_share: float, memory_mb: float) -> str:
    return f"{_percent(cpu_share)}, {memory_mb:.0f} MB"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"


def _milliseconds(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:,.0f} ms"
