"""The page about the detector: a table, precision against recall, and who is found less."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from training.face_detector.comparison import Measured
from training.face_detector.evaluate import HEIGHTS, ON_NOTHING_IOU, Matches
from training.face_detector.frontality import LEAST_FRONTALITY, TURNED_AWAY, Agreement
from training.face_detector.groups import ENOUGH, MIN_HEIGHT, Gap, GroupRecall, gaps
from training.face_detector.remaining_gap import RemainingGap
from training.statistics import wilson_interval

_MOST_GAP: Final = 0.03
_OURS: Final = "#0072b2"
_OTHERS: Final = ("#d55e00", "#009e73", "#cc79a7")


def write(
    measured: Mapping[str, Measured],
    recalls: Mapping[str, Mapping[str, GroupRecall]],
    agreed: Agreement | None,
    remaining: Mapping[str, Mapping[str, RemainingGap]],
    *,
    threshold: float,
    longer_side: int,
    pictures: int,
    command: str,
    file: Path,
) -> None:
    """Writes the page, and its picture beside it.

    Args:
        measured: name → what it did; the released detector is the first.
        recalls: of the released detector, by kind and group.
        agreed: how well it tells how far faces are turned; None where that was not measured.
        remaining: of the released detector's gaps, by kind of people and detector.
        threshold: the released one.
        longer_side: pixels of a picture's longer side as the networks saw it.
        pictures: how many there were.
        command: what made the page.
        file: in Markdown.
    """
    picture = file.with_suffix(".png")
    _draw(measured, threshold, picture)
    file.write_text(
        f"""# How well faces are found

Made by `{command}`. Do not edit.

{pictures} validation pictures of WIDER FACE that the released detector was not trained on, their
longer side at {longer_side} pixels where a row names no other, IoU 0.5, one thread, all detectors
in turn in the same run.
The threshold of the released detector, {threshold:.2f}, was chosen on these pictures, so what is
said at that threshold is a little optimistic; the average precision (AP) does not depend on it.

{_comparison(measured)}

![Precision against recall by height of the face]({picture.name})

By number of faces of 12 px and more in a picture, AP:

{_crowds(measured)}

## What costs average precision

The AP if a detector had not drawn the boxes that hardly overlap a face (IoU below
{ON_NOTHING_IOU:g}), nor those that lie beside one or are its second box, nor any of both, so that
only faces that it does not find at any score are left (after Bolya et al., "TIDE", ECCV 2020).

{losses(measured)}

## At the released threshold

{_threshold(next(iter(measured.values())), threshold)}

{_turned(agreed)}## Who is found

Recall of faces of {MIN_HEIGHT} px and more at the released threshold, with 95 % intervals. *At
equal size* is what it would be if the faces of each group were as large as those of all groups of
its kind together, so that only what is not size remains. What is perceived was judged by people who
saw the pictures (widerface-demographics, CC BY-NC 4.0), for some of the faces. Groups of fewer than
{ENOUGH} faces are not compared, nor are those of whom these people were not sure.

{by_group(recalls, remaining)}
"""
    )


def _comparison(measured: Mapping[str, Measured]) -> str:
    heads = [f"AP ≥ {height} px" for height in HEIGHTS]
    rows = [
        [
            name,
            *(f"{one.by_height[height].average_precision():.3f}" for height in HEIGHTS),
            f"{one.milliseconds:.1f}",
            f"{one.milliseconds / _first_of_size(measured, name).milliseconds:.2f}",
        ]
        for name, one in measured.items()
    ]
    return _table(["", *heads, "ms a picture", "relative time"], rows)


def _first_of_size(measured: Mapping[str, Measured], name: str) -> Measured:
    """What was measured first with pictures as large as those of `name`."""
    size = name.rpartition(" at ")[2] if " at " in name else ""
    return next(one for other, one in measured.items() if other.endswith(size))


def _crowds(measured: Mapping[str, Measured]) -> str:
    first = next(iter(measured.values()))
    heads = [
        f"{low} to {high}" if high < 10_000 else f"{low} and more" for low, high in first.by_crowd
    ]
    rows = [
        [name, *(f"{matches.average_precision():.3f}" for matches in one.by_crowd.values())]
        for name, one in measured.items()
    ]
    rows.append(["faces", *(str(matches.total) for matches in first.by_crowd.values())])
    return _table(["", *heads], rows)


def losses(measured: Mapping[str, Measured]) -> str:
    """A table of what each detector's errors cost it."""
    rows = []
    for name, one in measured.items():
        for height, matches in one.by_height.items():
            wrong = ~matches.hits
            beside = wrong & ~matches.on_nothing
            cases = (matches, *map(matches.without, (matches.on_nothing, beside, wrong)))
            rows.append(
                [name, f"≥ {height} px", *(f"{case.average_precision():.3f}" for case in cases)]
            )
    heads = ["AP", "no box on nothing", "none beside a face", "neither"]
    return _table(["", "faces", *heads], rows)


def _threshold(ours: Measured, threshold: float) -> str:
    rows = []
    for height, matches in ours.by_height.items():
        recall, precision = matches.at(threshold)
        boxes = int((matches.scores >= threshold).sum())
        rows.append(
            [f"≥ {height} px", str(matches.total), f"{recall:.1%}", f"{precision:.1%}", str(boxes)]
        )
    return _table(
        ["faces", "there are", "found (recall)", "boxes right (precision)", "boxes"], rows
    )


def _turned(agreed: Agreement | None) -> str:
    if agreed is None:
        return ""
    rows = [
        ["faces that both found", str(agreed.faces)],
        ["correlation", f"{agreed.correlation:.2f}"],
        ["mean difference", f"{agreed.mean_absolute_difference:.2f}"],
        ["turned away, by landmarks", str(agreed.turned_away)],
        ["of these held back", _share(agreed.held_back, agreed.turned_away)],
        [
            "held back of all others",
            _share(agreed.held_back_wrongly, agreed.faces - agreed.turned_away),
        ],
    ]
    return f"""## Who looks away

The released detector tells how much a face is turned towards the camera: 1 for a nose midway
between the eyes, 0 for a profile. Here it is compared with what YuNet's landmarks tell at the same
size. Turned away is a face of which these tell less than {TURNED_AWAY:g}; held back from the
classifier is one of which the detector tells less than {LEAST_FRONTALITY:g}
(`classifier.least_frontality`), which was chosen on these pictures.

{_table(["", ""], rows)}

"""


def _share(number: int, total: int) -> str:
    if total == 0:
        return "none there"
    interval = _range(wilson_interval(number, total))
    return f"{number}, {number / total:.1%} ({interval})"


def by_group(
    recalls: Mapping[str, Mapping[str, GroupRecall]],
    remaining: Mapping[str, Mapping[str, RemainingGap]],
) -> str:
    """Who is found how often, who is found least, and what remains of that.

    Args:
        recalls: of one detector, by kind and group.
        remaining: of its gaps, by kind of people and detector.
    """
    parts = [_groups(recalls), _gaps(recalls), _remaining(remaining, gaps(recalls))]
    return "\n\n".join(part for part in parts if part)


def _groups(recalls: Mapping[str, Mapping[str, GroupRecall]]) -> str:
    rows = [
        [
            kind,
            group,
            str(one.faces),
            f"{one.recall:.1%} ({_range(one.recall_interval_95)})",
            f"{one.at_equal_size:.1%} ({_range(one.at_equal_size_interval_95)})",
        ]
        for kind, groups in recalls.items()
        for group, one in groups.items()
    ]
    return _table(["", "group", "faces", "found", "at equal size"], rows)


def _gaps(recalls: Mapping[str, Mapping[str, GroupRecall]]) -> str:
    sentences = []
    for kind, gap in gaps(recalls).items():
        verdict = "within" if gap.at_equal_size <= _MOST_GAP else "**more than**"
        sentences.append(
            f"- {kind}: *{gap.least}* is found least, {100 * gap.at_equal_size:.1f} points below "
            f"the best at equal size: {verdict} the {100 * _MOST_GAP:.0f} points that are wanted."
        )
    return "\n".join(sentences)


def _remaining(
    remaining: Mapping[str, Mapping[str, RemainingGap]], found: Mapping[str, Gap]
) -> str:
    if not remaining:
        return ""
    rows = [
        [
            kind,
            f"{found[kind].least}, {found[kind].most}",
            detector,
            f"{100 * one.at_equal_size:.1f}",
            f"{100 * one.equally_hidden:.1f} ({_range(one.interval_95)})",
            str(one.faces),
        ]
        for kind, detectors in remaining.items()
        for detector, one in detectors.items()
    ]
    heads = ["found least, most", "detector", "points apart at equal size", "and equally hidden"]
    return f"""\
Not everybody is photographed alike: some groups are blurred, covered or turned away more often.
*Equally hidden* compares only faces that are alike in class of size, blur, occlusion and pose,
where both groups have some, and tells how far the two are apart then, with 95 % intervals
(bootstrap over pictures); below 0, the other one is found less. Another detector is asked at the
threshold at which it finds as many of all faces as the released one does.

{_table(["", *heads, "faces alike"], rows)}"""


def _range(interval: tuple[float, float]) -> str:
    return f"{100 * interval[0]:.1f} to {100 * interval[1]:.1f}"


def _table(head: list[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _draw(measured: Mapping[str, Measured], threshold: float, file: Path) -> None:
    figure, axes = plt.subplots(
        1, len(HEIGHTS), figsize=(11, 3.6), layout="constrained", sharey=True
    )
    colours = [_OURS, *_OTHERS]
    for height, panel in zip(HEIGHTS, axes, strict=True):
        for (name, one), colour in zip(measured.items(), colours, strict=False):
            matches = one.by_height[height]
            recall, precision = _curve(matches)
            panel.plot(
                recall, precision, color=colour, label=f"{name}: {matches.average_precision():.3f}"
            )
        ours = next(iter(measured.values())).by_height[height]
        panel.plot(*ours.at(threshold), "o", color=_OURS, label=f"threshold {threshold:.2f}")
        panel.set(title=f"faces of {height} px and more", xlabel="recall", xlim=(0, 1), ylim=(0, 1))
        panel.legend(loc="lower left", fontsize="small", frameon=False)
        panel.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("precision")
    figure.savefig(file, dpi=110, metadata={"Software": None})
    plt.close(figure)


def _curve(matches: Matches) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(-matches.scores, kind="stable")
    found = np.cumsum(matches.hits[order])
    return found / max(matches.total, 1), found / np.arange(1, len(order) + 1)
