"""A lesson as a table for other programs: one row a window, and one a gap."""

from datetime import timezone
from io import BytesIO
from typing import Final

import pandas as pd

from dashboard.history import CATEGORIES
from dashboard.report import Report

_MOMENTS: Final = ("start", "end")


def frame(lesson: Report) -> pd.DataFrame:
    """All windows and gaps in the order of time.

    Columns: ``start`` and ``end`` (UTC), ``state`` (``counted``, ``suppressed`` or ``missing``),
    ``people``, one an emotion, and ``uncertain``; numbers are empty where the state is not
    ``counted``, which is not zero.
    """
    rows: list[dict[str, object]] = [
        {
            "start": window.started_at,
            "end": window.ended_at,
            "state": "suppressed" if window.suppressed else "counted",
            "people": window.faces,
            **(window.counts or {}),
            "uncertain": window.uncertain,
        }
        for window in lesson.windows
    ]
    rows += [
        {"start": gap.started_at, "end": gap.ended_at, "state": "missing"} for gap in lesson.missing
    ]
    table = pd.DataFrame(rows, columns=[*_MOMENTS, "state", "people", *CATEGORIES])
    for name in _MOMENTS:
        table[name] = pd.to_datetime(table[name], utc=True)
    for name in ("people", *CATEGORIES):
        table[name] = table[name].astype("Int32")
    return table.sort_values(["start", "end"], ignore_index=True)


def csv(lesson: Report) -> bytes:
    """The table as CSV in UTF-8, moments as RFC 3339."""
    table = frame(lesson)
    for name in _MOMENTS:
        table[name] = [
            moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
            for moment in table[name]
        ]
    return table.to_csv(index=False).encode()


def parquet(lesson: Report) -> bytes:
    """The table as Parquet."""
    buffer = BytesIO()
    frame(lesson).to_parquet(buffer, index=False)
    return buffer.getvalue()


def file_stem(lesson: Report) -> str:
    """A file's name without its end, of letters that every system takes."""
    start = lesson.period.start.astimezone(timezone.utc)
    return f"{lesson.room.site}_{lesson.room.device}_{start:%Y-%m-%dT%H%M}Z"
