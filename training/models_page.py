"""The page ``docs/models.md``: every network that was compared, in tables with intervals."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from training.compare import AGREED, LABELS, SEVEN, TAGGERS, Compared
from training.evaluate import FACE_SIZES, ClassifierReport
from training.plots import draw_comparison
from training.statistics import Share
from training.steadiness import LEAST_PIXELS, SIZES

_MOST_DRAWN: Final = 7
_NONE: Final = "–"


def write(compared: Sequence[Compared], *, command: str, file: Path) -> None:
    """Writes the page, and its picture beside it.

    Args:
        compared: of `compare.compare`, in the order of the rows.
        command: what made the page.
        file: in Markdown.
    """
    picture = file.with_suffix(".png")
    # What is in use, and what others have, before what might be.
    first = sorted(
        compared, key=lambda each: not each.network.is_released and each.network.kind != "peer"
    )
    drawn = {each.network.name: each.public for each in first[:_MOST_DRAWN]}
    draw_comparison(drawn, picture)
    pictures = compared[0].public.right.total
    sections = [
        f"""# The emotion networks compared

Made by `{command}`. Do not edit.

Every network saw the same pictures of FER-2013 in the same run: {pictures} of PublicTest, on which
networks, schedules and temperatures are chosen, so those figures are a little optimistic.
PrivateTest chooses nothing; it is opened once for a released network, and for those of others.
Intervals hold 95 % (Wilson). A size in pixels is the width down to which faces were shrunk before
they were enlarged again. Right is FER-2013's label, but where FER+ is named. ECE is the expected
calibration error in 15 bins, with the released temperature, or one fitted on PublicTest; that of a
network which learned from FER+'s taggers alone is fitted to these, so it looks too sure here.

{_networks(compared)}

![Accuracy by size of the face, and calibration, on PublicTest]({picture.name})

## By size of the face, PublicTest

{_sizes(compared)}""",
        _differences(compared),
        _private(compared),
        _ferplus(compared),
        _new_faces(compared),
        _mapped(compared),
        _steady(compared),
        _seeds(compared),
        _labels(compared),
    ]
    file.write_text("\n\n".join(section for section in sections if section) + "\n")


def _networks(compared: Sequence[Compared]) -> str:
    head = [
        *("network", "kind", "parameters", "multiply-adds", "file"),
        *("PublicTest right, %", "PrivateTest right, %", "macro F1", "ECE", "training"),
    ]
    rows = [
        [
            each.network.name,
            _kind(each),
            _count(each.network.parameters),
            _count(each.network.multiply_adds),
            f"{each.network.size / 1000:.0f} kB" if each.network.size else _NONE,
            _percent(each.public),
            _percent(each.private) if each.private else "not opened",
            f"{each.public.macro_f1:.3f}",
            f"{100 * each.public.calibration_error:.1f} %",
            _training(each),
        ]
        for each in compared
    ]
    return _table(head, rows)


def _sizes(compared: Sequence[Compared]) -> str:
    head = ["network", *(f"{size} px" for size in FACE_SIZES), "lost at 24 px"]
    rows = []
    for each in compared:
        shares = [each.public.by_size[size] for size in FACE_SIZES]
        lost = 100 * (each.public.by_size[48].value - each.public.by_size[24].value)
        rows.append([each.network.name, *map(str, shares), f"{lost:.1f} points"])
    return _table(head, rows)


def _differences(compared: Sequence[Compared]) -> str:
    first, *others = compared
    if not others:
        return ""
    head = ["network", *others[0].differences]
    where = (
        ", the last two columns [on WIDER FACE](#faces-of-other-cameras)" if first.steady else ""
    )
    rows = [[each.network.name, *map(str, each.differences.values())] for each in others]
    return f"""## Against {first.network.name}, picture by picture

On PublicTest{where}.
The pictures that a network is right for and {first.network.name} is not, those where it
is the other way round, and p: how probable such a difference, or a larger one, is if both are
equally good (the exact sign test). Who looks at many networks will find a small p among them by
chance.

{_table(head, rows)}"""


def _private(compared: Sequence[Compared]) -> str:
    opened = [(each, each.private) for each in compared if each.private is not None]
    if not opened:
        return ""
    head = ["network", *(f"{size} px" for size in FACE_SIZES), "macro F1", "ECE"]
    rows = [
        [
            each.network.name,
            *(str(private.by_size[size]) for size in FACE_SIZES),
            f"{private.macro_f1:.3f}",
            f"{100 * private.calibration_error:.1f} %",
        ]
        for each, private in opened
    ]
    return f"## PrivateTest, where it was opened\n\n{_table(head, rows)}"


def _ferplus(compared: Sequence[Compared]) -> str:
    if all(each.public.ferplus is None for each in compared):
        return ""
    head = [
        *("network", "PublicTest, 8 emotions", "PublicTest, 7", "PublicTest, both agree"),
        *("PrivateTest, 8", "PrivateTest, 7", "PrivateTest, both agree"),
        "PrivateTest, 8, after a linear map",
    ]
    rows = []
    for each in compared:
        private = each.private
        shares = [
            each.public.ferplus,
            each.public.ferplus_7,
            each.public.agreed,
            private.ferplus if private else None,
            private.ferplus_7 if private else None,
            private.agreed if private else None,
            each.readout,
        ]
        rows.append([each.network.name, *(_NONE if one is None else str(one) for one in shares)])
    return f"""## FER+: what ten taggers saw in the same pictures

Right is what more than half of the taggers saw, answers of a single tagger left out; pictures
without such a majority, or whose majority saw no face or could not tell, are not asked for: the
protocol of FER+'s authors for a majority. They know an eighth emotion, contempt, which none of
these networks can answer: among 8 it always counts as wrong, among 7 its pictures are left out.

The taggers and FER-2013's own labels often disagree, so one answer cannot satisfy both. *Both
agree* asks only for pictures of one label and majority, where what a face shows is the least in
doubt. The last column asks the same network for the taggers' view: its seven logits go through a
linear map to eight, fitted on PublicTest's votes, as a temperature is.

{_table(head, rows)}"""


def _new_faces(compared: Sequence[Compared]) -> str:
    first = compared[0].new_faces
    asked = [name for name in (LABELS, SEVEN, AGREED) if name in first.public]
    head = ["network", "copies, by the labels"]
    head += [f"new, by {LABELS}", *(f"new, {name}" for name in asked[1:])]
    head += [f"PrivateTest, {name}" for name in head[2:]]
    rows = []
    for each in compared:
        faces = each.new_faces
        shares = [faces.public.get(name) for name in asked]
        shares += [faces.private.get(name) if faces.private else None for name in asked]
        told = [_NONE if share is None else str(share) for share in (faces.copies, *shares)]
        rows.append([each.network.name, *told])
    copies, new = first.copies.total, first.public[LABELS].total
    return f"""## New faces: pictures of which a network has learned no copy

FER-2013's splits were drawn from one search for pictures, which had found many photographs more
than once: cut otherwise, mirrored, with another agency's name across. The training split holds a
copy of {copies} of these {copies + new} pictures of PublicTest, {first.same_label} of them with the
same label, so a network may remember the answer. The others, {new}, are new to it, as faces in a
classroom are. Of PrivateTest, those are asked for of which neither the training split nor
PublicTest holds a copy. Copies are found by `training/near_duplicates.py`.

{_table(head, rows)}"""


def _mapped(compared: Sequence[Compared]) -> str:
    head = ["network", f"by {LABELS}", "the same, mapped"]
    asks_taggers = TAGGERS in compared[0].mapped
    if asks_taggers:
        head += [f"by {TAGGERS}", "the same, mapped"]
    rows = []
    for each in compared:
        row = [each.public.right, each.mapped[LABELS]]
        if asks_taggers and each.public.ferplus is not None:
            row += [each.public.ferplus, each.mapped[TAGGERS]]
        rows.append([each.network.name, *map(str, row)])
    return f"""## What a network can tell apart, whichever way it leans

Where *sad* ends and *neutral* begins is drawn in one place by FER-2013's labels and in another by
FER+'s taggers, and a network that leans to one answers the other less often rightly, though it may
see as much in a face. *Mapped*: its logits go through a linear map first, fitted to the labels or
majorities of nine tenths of PublicTest and asked of the last tenth, ten times. Two networks that
differ here differ in what they know, not only in how they lean.

{_table(head, rows)}"""


def _steady(compared: Sequence[Compared]) -> str:
    measured = [(each.network.name, each.steady) for each in compared if each.steady is not None]
    if not measured:
        return ""
    sizes = [
        f"moved, {least} to {end - 1} px" if end else f"moved, {least} px and more"
        for least, end in SIZES
    ]
    head = [
        "network",
        "mirrored",
        "moved",
        *sizes,
        "three and three",
        "exaggerated told from usual",
    ]
    rows = []
    for name, steady in measured:
        shares = [Share.of(steady.mirrored), Share.of(steady.moved), *steady.moved_by_size()]
        shares.append(Share.of(steady.together))
        told = _NONE
        if steady.told is not None:
            area, low, high = steady.told
            told = f"{area:.2f} ({low:.2f} to {high:.2f})"
        rows.append([name, *map(str, shares), told])
    sides = measured[0][1].sides
    return f"""## Faces of other cameras

{len(sides)} faces of WIDER FACE's validation pictures, of at least {LEAST_PIXELS} pixels, neither
heavily blurred nor heavily covered, cut out around the annotated boxes. Nobody labelled their
emotions, so this asks whether an answer is the same for the same face: *mirrored*, whether its
mirror image has the same; *moved*, whether it keeps it in all of six crops that are moved by a
twentieth of the box, or a tenth smaller or larger, as from one frame to the next; *three and
three*, whether the mean of three of these has the same as the mean of the others: the agent, too,
means over a person's crops in a window. A network that always said the same would be steadiest of
all: read it beside the tables above. The last column is the probability that a face whose
expression WIDER FACE's annotators called exaggerated gets less of "neutral" than one of which they
did not (area under the ROC curve; interval by bootstrap): one half is chance. Faces of one picture
are not independent, so the true intervals are wider.

{_table(head, rows)}"""


def _seeds(compared: Sequence[Compared]) -> str:
    groups: dict[str, list[Compared]] = {}
    for each in compared:
        if each.network.run is not None:
            groups.setdefault(each.network.run.name, []).append(each)
    rows = []
    for name, members in groups.items():
        if len(members) < 2:
            continue
        row = [name, str(len(members))]
        for size in (48, 24):
            values = [100 * member.public.by_size[size].value for member in members]
            row.append(f"{np.mean(values):.1f} ± {np.std(values, ddof=1):.1f} %")
        rows.append(row)
    if not rows:
        return ""
    head = ["recipe", "seeds", "PublicTest, mean ± deviation", "the same at 24 px"]
    return f"## Several seeds\n\n{_table(head, rows)}"


def _labels(compared: Sequence[Compared]) -> str:
    labels = list(compared[0].public.by_label)
    rows = [
        [
            each.network.name,
            *(
                f"{figures.f1:.2f} ({100 * figures.recall:.0f} %)"
                for figures in each.public.by_label.values()
            ),
        ]
        for each in compared
    ]
    support = [str(figures.support) for figures in compared[0].public.by_label.values()]
    rows.append(["*pictures*", *support])
    head = ["network", *labels]
    return f"## By emotion, PublicTest: F1 (recall)\n\n{_table(head, rows)}"


def _kind(each: Compared) -> str:
    network = each.network
    if network.kind != "float" or network.run is None:
        return network.kind
    return f"{network.run.recipe['family']}, float"


def _training(each: Compared) -> str:
    run = each.network.run
    if run is None:
        return _NONE
    return f"{run.seconds / 60:.0f} min, {run.devices} × {run.device}"


def _percent(report: ClassifierReport) -> str:
    return str(report.right).replace(" %", "", 1)


def _count(number: int | None) -> str:
    return _NONE if number is None else f"{number / 1e6:.2f} M"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
