"""Pictures of what was measured: confusion, calibration, size of the face, course of training."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from edge_agent.emotions import EMOTIONS
from training.evaluate import Bin, ClassifierReport
from training.log import read_log
from training.statistics import Share

COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Okabe and Ito's, which colour-blind people tell apart."""


def draw_report(
    reports: Mapping[str, ClassifierReport], logs: Mapping[str, Path], file: Path
) -> None:
    """Draws four panels: of the first network its confusion and calibration, of all the rest.

    Args:
        reports: by name.
        logs: by name, the ``log.csv`` of those whose training is known.
        file: PNG.
    """
    first = next(iter(reports.values()))
    figure, panels = plt.subplots(2, 2, figsize=(11, 9.5), layout="constrained")
    _confusion(panels[0, 0], first.confusion)
    calibration(panels[0, 1], {name: report.reliability for name, report in reports.items()})
    sizes(panels[1, 0], {name: report.by_size for name, report in reports.items()})
    _curves(panels[1, 1], logs)
    _save(figure, file)


def draw_comparison(reports: Mapping[str, ClassifierReport], file: Path) -> None:
    """Draws calibration and accuracy by size of several networks, side by side."""
    figure, panels = plt.subplots(1, 2, figsize=(11, 4.8), layout="constrained")
    sizes(panels[0], {name: report.by_size for name, report in reports.items()})
    calibration(panels[1], {name: report.reliability for name, report in reports.items()})
    _save(figure, file)


def sizes(panel: Any, by_name: Mapping[str, Mapping[int, Share]]) -> None:
    """Share right against the face's width, with 95 % intervals."""
    for index, (name, shares) in enumerate(by_name.items()):
        colour = COLOURS[index % len(COLOURS)]
        pixels = np.array(list(shares))
        values = np.array([100 * share.value for share in shares.values()])
        bounds = np.array([[100 * b for b in share.interval] for share in shares.values()])
        panel.plot(pixels, values, "o-", color=colour, label=name)
        panel.fill_between(pixels, bounds[:, 0], bounds[:, 1], color=colour, alpha=0.15, lw=0)
    ticks = sorted({size for shares in by_name.values() for size in shares})
    panel.set(
        title="by size of the face",
        xlabel="width down to which the faces were shrunk, pixels",
        ylabel="right, %",
        xticks=ticks,
    )
    _finish(panel, "best")


def calibration(panel: Any, by_name: Mapping[str, Sequence[Bin]]) -> None:
    """Share right against the stated probability; the diagonal is honest."""
    panel.plot([0, 100], [0, 100], color="#999999", lw=1, ls="--")
    for index, (name, bins) in enumerate(by_name.items()):
        # A handful of answers says nothing.
        seen = [each for each in bins if each.number >= 20]
        panel.plot(
            [100 * each.confidence for each in seen],
            [100 * each.right for each in seen],
            "o-",
            color=COLOURS[index % len(COLOURS)],
            label=name,
        )
    panel.set(
        title="calibration",
        xlabel="probability of the answer, %",
        ylabel="right, %",
        xlim=(0, 100),
        ylim=(0, 100),
        aspect="equal",
    )
    _finish(panel, "upper left")


def _confusion(panel: Any, confusion: np.ndarray) -> None:
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    panel.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(*shares.shape):
        panel.text(
            *(column, row, f"{100 * shares[row, column]:.0f}"),
            ha="center",
            va="center",
            color="white" if shares[row, column] > 0.55 else "black",
        )
    panel.set(
        title="answers to each emotion, %",
        xlabel="answer",
        ylabel="label",
        xticks=range(len(EMOTIONS)),
        yticks=range(len(EMOTIONS)),
        yticklabels=EMOTIONS,
    )
    panel.set_xticklabels(EMOTIONS, rotation=35, ha="right", rotation_mode="anchor")


def _curves(panel: Any, logs: Mapping[str, Path]) -> None:
    loss_panel = panel.twinx()
    drawn = False
    for index, (name, path) in enumerate(logs.items()):
        rows = read_log(path)
        colour = COLOURS[index % len(COLOURS)]
        for key, axes, scale, style, what in (
            ("accuracy", panel, 100, ":", "training pictures"),
            ("public_test_accuracy", panel, 100, "-", "PublicTest"),
            ("loss", loss_panel, 1, "--", "loss"),
        ):
            points = [(int(row["epoch"]) + 1, float(row[key])) for row in rows if row.get(key)]
            if points:
                epochs, values = zip(*points, strict=True)
                axes.plot(
                    *(epochs, [scale * value for value in values], style),
                    color=colour,
                    label=f"{name}, {what}",
                )
                drawn = True
    panel.set(title="course of training", xlabel="epoch", ylabel="right, %")
    loss_panel.set_ylabel("loss (dashed)")
    loss_panel.spines["top"].set_visible(False)
    if drawn:
        _finish(panel, "lower right")
    else:
        loss_panel.set_yticks([])
        panel.text(
            0.5, 0.5, "no log.csv beside these files", ha="center", transform=panel.transAxes
        )
        panel.set(xticks=[], yticks=[])


def _finish(panel: Any, where: str) -> None:
    panel.legend(loc=where, fontsize="small", frameon=False)
    panel.spines[["top", "right"]].set_visible(False)
    panel.grid(alpha=0.25)


def _save(figure: Any, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=100, metadata={"Software": None})
    plt.close(figure)
